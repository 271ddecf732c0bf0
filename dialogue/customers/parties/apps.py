from dialogue.kit.rooms import Room


class PartiesConfig(Room):
    name = "dialogue.customers.parties"
    label = "parties"
