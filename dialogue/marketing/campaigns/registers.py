"""What campaigns add: permissions, audit words, fields."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.customers.channels.makers import delivery_gates, held_words, letter_makers
from dialogue.customers.parties.cards import Panel, Place, card_panels
from dialogue.kit.commands import Command, commands
from dialogue.kit.home import HomePanel, home_panels
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.night import night_works
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.marketing.campaigns import fields, lists  # noqa: F401  what they declare joins the registries
from dialogue.marketing.campaigns.actions import ENTITY, forget_campaign, restore_campaign
from dialogue.marketing.campaigns.launching import JOB, finish_ended, run_launch
from dialogue.marketing.campaigns.letters import CAUSE, letters_for
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.panels import OF_PARTY, home_panel, party_panel
from dialogue.marketing.campaigns.permissions import KIND, CampaignPermission
from dialogue.marketing.campaigns.preparing import JOB as PREPARE
from dialogue.marketing.campaigns.preparing import run_prepare
from dialogue.marketing.campaigns.priority import GAVE_WAY, give_way
from dialogue.marketing.campaigns.searching import campaigns
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.jobs.models import Job
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
    "campaign.letters": _("changed the order of the letters"),
    "campaign.tested": _("sent a test letter of the campaign"),
    "campaign.launched": _("launched the campaign"),
    "campaign.paused": _("paused the campaign"),
    "campaign.resumed": _("let the campaign go on"),
    "campaign.finished": _("finished the campaign"),
    "campaign.cancelled": _("cancelled the campaign"),
    "campaign.taken_over": _("took over the campaign of the past"),
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


def _page_of(job: Job) -> str:
    return reverse("campaign_page", args=[job.arguments["campaign"]])


job_kinds.add(JOB, JobKind(run=run_launch, link=_page_of))
job_kinds.add(PREPARE, JobKind(run=run_prepare, link=_page_of))
letter_makers.add(CAUSE, letters_for)
delivery_gates.add("priority", give_way)
held_words.add(GAVE_WAY, _("gave way to a campaign of higher priority"))
menu_items.add(
    "campaigns",
    MenuItem(
        label=_("Campaigns"), url_name="campaign_list", group="work", permission=CampaignPermission.READ, icon="campaigns"
    ),
    weight=24,
)
commands.add(
    "campaign.new",
    Command(_("New campaign"), "campaign_new", permission=CampaignPermission.WRITE, words=_("campaign mailing letters launch")),
)
card_panels.add(
    "campaigns",
    Panel(
        name="campaigns",
        title=_("Campaigns"),
        place=Place.RIGHT,
        render=party_panel,
        order=61,
        permission=CampaignPermission.READ,
        reads=lambda party: [(OF_PARTY, True, {"party": party.pk})],
    ),
)
home_panels.add("campaigns", HomePanel(render=home_panel, permission=CampaignPermission.READ), weight=40)
night_works.add("campaigns", finish_ended)
