from dialogue.kit.rooms import Room


class OfficeConfig(Room):
    name = "dialogue.faces.office"
    label = "office"
