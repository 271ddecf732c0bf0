from dialogue.kit.rooms import Room


class MailboxesConfig(Room):
    name = "dialogue.customers.mailboxes"
    label = "mailboxes"
