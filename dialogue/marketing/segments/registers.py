"""What segments add: permissions, audit words, fields, the leaf of rules, the job, the list and pages."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.cards import Panel, Place, card_panels
from dialogue.kit.commands import Command, commands
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.kit.reference import Reference, references
from dialogue.marketing.segments import fields, lists, marts, picking  # noqa: F401  what they declare joins the registries
from dialogue.marketing.segments.actions import forget_segment, restore_segment
from dialogue.marketing.segments.fields import ENTITY
from dialogue.marketing.segments.leaf_words import IN_SEGMENT
from dialogue.marketing.segments.models import NAMES, Segment
from dialogue.marketing.segments.panels import OF_PARTY, party_panel
from dialogue.marketing.segments.permissions import KIND, SegmentPermission
from dialogue.marketing.segments.rebuilding import JOB, run_rebuild
from dialogue.marketing.segments.rules import in_segment
from dialogue.marketing.segments.searching import segments
from dialogue.marketing.segments.trees import LEAF
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.criteria.leaf_forms import leaf_forms
from dialogue.platform.criteria.rules import leaves
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.lists.pages import Button, added_buttons
from dialogue.platform.search.kinds import search_kinds

permission_groups.add(
    "segments",
    PermissionGroup(
        label=_("Segments"),
        permissions={
            SegmentPermission.READ: _("See segments and their people"),
            SegmentPermission.WRITE: _("Make and change segments, put people in and leave them out"),
        },
        kind=KIND,
    ),
    weight=240,
)
for name, words in {
    "segment.created": _("made the segment"),
    "segment.changed": _("changed the segment"),
    "segment.copied": _("copied the segment"),
    "segment.frozen": _("kept the segment's people of that moment"),
    "segment.binned": _("deleted the segment"),
    "segment.restored": _("restored the segment"),
    "segment.rebuilt": _("filled the segment anew"),
    "segment.rebuild_asked": _("asked to fill the segment anew"),
    "segment.picked_in": _("put customers into the segment by hand"),
    "segment.picked_out": _("left customers out of the segment by hand"),
    "segment.unpicked": _("let the rule decide about customers again"),
}.items():
    event_words.add(name, words)


def _page_of(job: Job) -> str:
    return reverse("segment_page", args=[job.result["segment"]]) if job.result.get("segment") else ""


record_kinds.add(
    "segments.segment",
    RecordKind(
        label=_("Segment"),
        plural=_("Segments"),
        visible_to=Segment.objects.visible_to,
        url_name="segment_page",
        reach=KIND,
        responsible="responsible_id",
        permission=SegmentPermission.WRITE,
        restore=restore_segment,
        forget=forget_segment,
    ),
    weight=40,
)
search_kinds.add(ENTITY, segments, weight=30)
leaves.add(LEAF, in_segment)
leaf_forms.add(LEAF, IN_SEGMENT)
job_kinds.add(JOB, JobKind(run=run_rebuild, link=_page_of))
menu_items.add(
    "segments",
    MenuItem(label=_("Segments"), url_name="segment_list", group="work", permission=SegmentPermission.READ, icon="segments"),
    weight=25,
)
commands.add(
    "segment.new",
    Command(_("New segment"), "segment_new", permission=SegmentPermission.WRITE, words=_("segment rule audience target group")),
)
card_panels.add(
    "segments",
    Panel(
        name="segments",
        title=_("Segments"),
        place=Place.RIGHT,
        render=party_panel,
        order=60,
        permission=SegmentPermission.READ,
        reads=lambda party: [(OF_PARTY, True, {"party": party.pk})],
    ),
)
added_buttons.add(
    "contacts.segment_from",
    (
        "contacts",
        Button(_("Save as segment"), "segment_from", permission=SegmentPermission.WRITE, args=("contacts",), carries=True),
    ),
)
references.add(NAMES, Reference(models=("segments.Segment",)))
