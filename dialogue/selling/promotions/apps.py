from dialogue.kit.rooms import Room


class PromotionsConfig(Room):
    name = "dialogue.selling.promotions"
    label = "promotions"
