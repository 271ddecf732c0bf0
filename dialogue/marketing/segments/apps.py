from dialogue.kit.rooms import Room


class SegmentsConfig(Room):
    name = "dialogue.marketing.segments"
    label = "segments"
