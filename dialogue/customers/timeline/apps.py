from dialogue.kit.rooms import Room


class TimelineConfig(Room):
    name = "dialogue.customers.timeline"
    label = "timeline"
