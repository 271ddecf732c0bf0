from dialogue.kit.rooms import Room


class AccountsConfig(Room):
    name = "dialogue.platform.accounts"
    label = "accounts"
