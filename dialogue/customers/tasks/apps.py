from dialogue.kit.rooms import Room


class TasksConfig(Room):
    name = "dialogue.customers.tasks"
    label = "tasks"
