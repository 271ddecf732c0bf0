from dialogue.kit.rooms import Room


class FilesConfig(Room):
    name = "dialogue.platform.files"
    label = "files"
