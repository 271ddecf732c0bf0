from dialogue.kit.rooms import Room


class CriteriaConfig(Room):
    name = "dialogue.platform.criteria"
    label = "criteria"
