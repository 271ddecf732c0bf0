from dialogue.kit.rooms import Room


class DealsConfig(Room):
    name = "dialogue.selling.deals"
    label = "deals"
