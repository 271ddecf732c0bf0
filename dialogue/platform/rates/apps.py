from dialogue.kit.rooms import Room


class RatesConfig(Room):
    name = "dialogue.platform.rates"
    label = "rates"
