from dialogue.kit.rooms import Room


class ReportsConfig(Room):
    name = "dialogue.insight.reports"
    label = "reports"
