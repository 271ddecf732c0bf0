from dialogue.kit.rooms import Room


class SourcesConfig(Room):
    name = "dialogue.customers.sources"
    label = "sources"
