"""What deals add: permissions, audit words, fields, the list, search, the card's panel, menu and settings."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.cards import Panel, Place, card_panels
from dialogue.customers.parties.fields import party
from dialogue.customers.tasks.subjects import TaskSubject, task_subjects
from dialogue.customers.timeline.details import entry_details
from dialogue.customers.timeline.kinds import OWN, EntryKind, entry_kinds
from dialogue.kit.commands import Command, commands
from dialogue.kit.home import HomePanel, home_panels
from dialogue.kit.menu import MenuItem, menu_items, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.kit.reference import Reference, references
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.criteria.fields import Relation
from dialogue.platform.files.subjects import FileSubject, file_subjects
from dialogue.platform.search.kinds import search_kinds
from dialogue.platform.tenants.registry import optional_rooms
from dialogue.selling.deals import batches, fields, imports, lists, losses, marts, pipelines  # noqa: F401  what they declare registers itself
from dialogue.selling.deals.batches import restore_deal
from dialogue.selling.deals.card import DealPanel, deal_panels
from dialogue.selling.deals.dialogue import REF, deal_details
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.models import STAGES, Deal
from dialogue.selling.deals.panels import deals_asked, deals_panel, home_panel, tasks_panel
from dialogue.selling.deals.permissions import KIND, DealPermission
from dialogue.selling.deals.searching import deals

permission_groups.add(
    "deals",
    PermissionGroup(
        label=_("Deals"),
        permissions={
            DealPermission.WRITE: _("Add and change deals, move them through stages"),
            DealPermission.ASSIGN: _("Hand deals to colleagues"),
            DealPermission.BIN: _("Delete and restore deals"),
            DealPermission.PIPELINE: _("Change pipelines and stages"),
        },
        kind=KIND,
    ),
    weight=200,
)

for name, words in {
    "deal.created": _("added the deal"),
    "deal.changed": _("changed the deal"),
    "deal.moved": _("moved the deal to another stage"),
    "deal.won": _("won the deal"),
    "deal.lost": _("lost the deal"),
    "deal.contact_added": _("added a contact to the deal"),
    "deal.contact_changed": _("changed a contact's role in the deal"),
    "deal.contact_removed": _("removed a contact from the deal"),
    "deal.commented": _("commented on the deal"),
    "deal.comment_removed": _("took back a comment"),
    "deal.many_created": _("added deals"),
    "deal.many_assigned": _("handed over deals"),
    "deal.many_moved": _("moved deals to another stage"),
    "deal.many_lost": _("closed deals as lost"),
    "deal.many_tagged": _("put a tag on deals"),
    "deal.many_untagged": _("took a tag off deals"),
    "deal.many_binned": _("deleted deals"),
    "deal.many_restored": _("restored deals"),
    "pipeline.created": _("added a pipeline"),
    "pipeline.changed": _("changed a pipeline"),
    "pipeline.archived": _("removed a pipeline"),
    "stage.added": _("added a stage"),
    "stage.changed": _("changed a stage"),
    "stage.archived": _("removed a stage"),
    "loss_reason.added": _("added a reason of losing"),
    "loss_reason.changed": _("changed a reason of losing"),
    "loss_reason.archived": _("removed a reason of losing"),
}.items():
    event_words.add(name, words)

record_kinds.add(
    "deals.deal",
    RecordKind(
        label=_("Deal"),
        plural=_("Deals"),
        visible_to=Deal.objects.visible_to,
        url_name="deal_card",
        reach=KIND,
        responsible="responsible_id",
        permission=DealPermission.BIN,
        restore=restore_deal,
    ),
    weight=20,
)
optional_rooms.add("deals", _("Deals"))
menu_items.add("deals", MenuItem(label=_("Deals"), url_name="deal_list", group="work", icon="deals"), weight=10)
settings_items.add(
    "deals",
    MenuItem(label=_("Pipelines and stages"), url_name="deal_settings", permission=DealPermission.PIPELINE),
    weight=40,
)
search_kinds.add(ENTITY, deals, weight=20)
file_subjects.add(
    Deal._meta.label_lower,
    FileSubject(visible_to=Deal.objects.visible_to, permission=DealPermission.WRITE),
)
card_panels.add(
    "deals", Panel(name="deals", title=_("Deals"), place=Place.RIGHT, render=deals_panel, order=20, reads=deals_asked)
)
# {"has": "deal", "where": […]} asks of a person's part in deals, "company_deal" of a company's own.
party.relations.add(
    "deal",
    Relation(
        ENTITY,
        "contacts__party_id",
        _("deals in which he takes part"),
        there=_("takes part in deals"),
        none=_("takes part in no deals"),
    ),
)
party.relations.add(
    "company_deal",
    Relation(
        ENTITY,
        "company_id",
        _("deals of the company"),
        there=_("the company has deals"),
        none=_("the company has no deals"),
    ),
)
commands.add(
    "deal.new",
    Command(_("Add a deal"), "deal_new", permission=DealPermission.WRITE, dialog=True, words=_("new deal sale")),
)
task_subjects.add(
    ENTITY,
    TaskSubject(
        label=_("Deal"),
        visible_to=Deal.objects.visible_to,
        url_name="deal_card",
        party_of=lambda deal: deal.contact_id or deal.company_id,
    ),
)
deal_panels.add("tasks", DealPanel(title=_("Tasks"), render=tasks_panel, order=10))
home_panels.add("deals", HomePanel(render=home_panel), weight=20)
entry_kinds.add("deal_begun", EntryKind(_("New deal"), OWN))
entry_kinds.add("deal_stage", EntryKind(_("Stage of a deal"), OWN))
entry_details.add(REF, deal_details)
references.add(STAGES, Reference(models=("deals.Pipeline", "deals.Stage", "deals.LossReason")))
