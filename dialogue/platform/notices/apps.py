from dialogue.kit.rooms import Room


class NoticesConfig(Room):
    name = "dialogue.platform.notices"
    label = "notices"
