from dialogue.kit.rooms import Room


class ListsConfig(Room):
    name = "dialogue.platform.lists"
    label = "lists"
