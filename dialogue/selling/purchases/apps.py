from dialogue.kit.rooms import Room


class PurchasesConfig(Room):
    name = "dialogue.selling.purchases"
    label = "purchases"
