from dialogue.kit.rooms import Room


class CampaignsConfig(Room):
    name = "dialogue.marketing.campaigns"
    label = "campaigns"
