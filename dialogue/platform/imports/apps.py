from dialogue.kit.rooms import Room


class ImportsConfig(Room):
    name = "dialogue.platform.imports"
    label = "imports"
