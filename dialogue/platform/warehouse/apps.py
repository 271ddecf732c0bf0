from dialogue.kit.rooms import Room


class WarehouseConfig(Room):
    name = "dialogue.platform.warehouse"
    label = "warehouse"
