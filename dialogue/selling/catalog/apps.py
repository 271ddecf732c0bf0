from dialogue.kit.rooms import Room


class CatalogConfig(Room):
    name = "dialogue.selling.catalog"
    label = "catalog"
