from dialogue.kit.rooms import Room


class ChannelsConfig(Room):
    name = "dialogue.customers.channels"
    label = "channels"
