from dialogue.kit.rooms import Room


class AuditConfig(Room):
    name = "dialogue.platform.audit"
    label = "audit"
