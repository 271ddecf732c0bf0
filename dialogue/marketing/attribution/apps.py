from dialogue.kit.rooms import Room


class AttributionConfig(Room):
    name = "dialogue.marketing.attribution"
    label = "attribution"
