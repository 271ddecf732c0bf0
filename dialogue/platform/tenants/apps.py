from dialogue.kit.rooms import Room


class TenantsConfig(Room):
    name = "dialogue.platform.tenants"
    label = "tenants"
