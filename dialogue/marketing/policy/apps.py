from dialogue.kit.rooms import Room


class PolicyConfig(Room):
    name = "dialogue.marketing.policy"
    label = "policy"
