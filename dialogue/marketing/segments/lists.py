"""The list of segments, and what the list of contacts can do with them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogue.kit.actors import Actor
from dialogue.kit.doors import whole_number
from dialogue.kit.errors import Refusal
from dialogue.kit.figures import print_count
from dialogue.marketing.segments.actions import change_segment, create_segment
from dialogue.marketing.segments.fields import ENTITY
from dialogue.marketing.segments.models import Segment, SegmentKind, Verdict
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.marketing.segments.picking import pick_people, put_back
from dialogue.marketing.segments.trees import FIELD
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.lists.pages import BulkVerb, Button, Empty, ListPage, Preset, added_verbs, list_pages

CONTACTS = "contacts"


def _search(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    return rows.filter(fold__contains=text.casefold())


def _size(row: Segment, asking: Asking) -> SafeString | str:
    if row.problem:
        return format_html('<span class="chip bad">{}</span>', _("cannot be filled"))
    if row.is_behind:
        return format_html('<span class="chip warn">{}</span>', _("being filled"))
    return print_count(row.size)


def change_cell(row: Segment, name: str, value: Any, *, by: Actor) -> Segment:
    """Change one field from the list's cell; return the segment.

    Raises:
        Refusal: the value is wrong.
    """
    if name == "responsible":
        value = whole_number(value)
    return change_segment(row, by=by, **{name: value if name == "responsible" else value or ""})


def _named(code: Any, by: Actor) -> Segment:
    row = Segment.objects.visible_to(by).filter(code=str(code or "")).first()
    if row is None:
        raise Refusal(_("Choose the segment."), field=FIELD)
    return row


def _picking(verdict: Verdict) -> Any:
    def run(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
        return dict(pick_people(_named(value, by), ids, verdict, by=by))

    return run


def _back(verdict: Verdict) -> Any:
    def restore(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
        return put_back(_named(after, by), befores, verdict, by=by)

    return restore


def _made(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    """Put customers into the segment filled once of this name, made now where there is none."""
    name = str(value or "")
    row = Segment.objects.visible_to(by).filter(fold=" ".join(name.split()).casefold(), kind=SegmentKind.STATIC).first()
    row = row or create_segment(name, by=by, kind=SegmentKind.STATIC, people=[])
    return dict(pick_people(row, ids, Verdict.IN, by=by))


def _unmade(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    row = Segment.objects.visible_to(by).filter(fold=" ".join(str(after).split()).casefold()).first()
    return put_back(row, befores, Verdict.IN, by=by) if row else []


added_verbs.add(
    "contacts.segment_new",
    (
        CONTACTS,
        BulkVerb("segment_new", gettext_lazy("New segment of these"), SegmentPermission.WRITE, "name", _made, _unmade),
    ),
)
added_verbs.add(
    "contacts.segment_in",
    (
        CONTACTS,
        BulkVerb(
            "segment_in",
            gettext_lazy("Put into a segment"),
            SegmentPermission.WRITE,
            FIELD,
            _picking(Verdict.IN),
            _back(Verdict.IN),
        ),
    ),
)
added_verbs.add(
    "contacts.segment_out",
    (
        CONTACTS,
        BulkVerb(
            "segment_out",
            gettext_lazy("Leave out of a segment"),
            SegmentPermission.WRITE,
            FIELD,
            _picking(Verdict.OUT),
            _back(Verdict.OUT),
        ),
    ),
)
NEW = Button(gettext_lazy("New segment"), "segment_new", permission=SegmentPermission.WRITE, main=True, key="n")
SEGMENTS = list_pages.add(
    "segments",
    ListPage(
        name="segments",
        entity=ENTITY,
        title=gettext_lazy("Segments"),
        url_name="segment_list",
        permission=SegmentPermission.READ,
        columns=("name", "size", "kind", "built_at", "responsible", "note"),
        quick=("kind", "responsible", "built_at"),
        empty=Empty(
            gettext_lazy("No segments yet"),
            gettext_lazy(
                "Describe whom to speak to once, by what they are, bought and answered. The segment follows its rule by itself."
            ),
            buttons=(NEW,),
        ),
        row_url=lambda row: reverse("segment_page", args=[row.pk]),
        sort="name",
        search_words=gettext_lazy("Find a segment"),
        presets=(
            Preset("dynamic", gettext_lazy("Following their rule"), {"field": "kind", "is": SegmentKind.DYNAMIC.value}),
            Preset("static", gettext_lazy("Filled once"), {"field": "kind", "is": SegmentKind.STATIC.value}),
            Preset("mine", gettext_lazy("Mine"), {"field": "responsible", "is": "me"}),
        ),
        buttons=(Button(gettext_lazy("Compare"), "segment_overlap", permission=SegmentPermission.READ), NEW),
        search=_search,
        cells={"size": _size},
        change=change_cell,
    ),
)
