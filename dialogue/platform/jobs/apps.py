from dialogue.kit.rooms import Room


class JobsConfig(Room):
    name = "dialogue.platform.jobs"
    label = "jobs"
