from dialogue.kit.rooms import Room


class MailConfig(Room):
    name = "dialogue.platform.mail"
    label = "mail"
