"""What campaigns add: permissions, audit words, fields."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.marketing.campaigns import fields  # noqa: F401  what it declares joins the registries
from dialogue.marketing.campaigns.actions import ENTITY, forget_campaign, restore_campaign
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.permissions import KIND, CampaignPermission
from dialogue.marketing.campaigns.searching import campaigns
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.search.kinds import search_kinds

permission_groups.add(
    "campaigns",
    PermissionGroup(
        label=_("Campaigns"),
        permissions={
            CampaignPermission.READ: _("See campaigns and their people"),
            CampaignPermission.WRITE: _("Plan campaigns and write their letters"),
            CampaignPermission.LAUNCH: _("Launch, pause and cancel campaigns"),
        },
        kind=KIND,
    ),
    weight=241,
)
for name, words in {
    "campaign.created": _("began the campaign"),
    "campaign.changed": _("changed the campaign"),
    "campaign.segments": _("chose the segments of the campaign"),
    "campaign.costs": _("changed the costs of the campaign"),
    "campaign.written": _("wrote a letter of the campaign"),
    "campaign.unwritten": _("removed a letter of the campaign"),
    "campaign.binned": _("deleted the campaign"),
    "campaign.restored": _("restored the campaign"),
}.items():
    event_words.add(name, words)
record_kinds.add(
    "campaigns.campaign",
    RecordKind(
        label=_("Campaign"),
        plural=_("Campaigns"),
        visible_to=Campaign.objects.visible_to,
        url_name="campaign_page",
        reach=KIND,
        responsible="responsible_id",
        permission=CampaignPermission.WRITE,
        restore=restore_campaign,
        forget=forget_campaign,
    ),
    weight=41,
)
search_kinds.add(ENTITY, campaigns, weight=31)
