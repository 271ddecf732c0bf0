"""What deals add: permissions, audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.files.subjects import FileSubject, file_subjects
from dialogue.platform.tenants.registry import optional_rooms
from dialogue.selling.deals import batches, imports, pipelines  # noqa: F401  what they declare joins the registries
from dialogue.selling.deals.models import Deal
from dialogue.selling.deals.permissions import KIND, DealPermission

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
    ),
    weight=20,
)
file_subjects.add("deals.deal", FileSubject(Deal.objects.visible_to, permission=DealPermission.WRITE))
optional_rooms.add("deals", _("Deals"))
