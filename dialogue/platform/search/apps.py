from dialogue.kit.rooms import Room


class SearchConfig(Room):
    name = "dialogue.platform.search"
    label = "search"
