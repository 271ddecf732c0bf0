"""The fields of a segment: one description for the list, filters and the API; and the customer's field `segment`."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogue.customers.parties.fields import party
from dialogue.marketing.segments.models import Segment, SegmentKind
from dialogue.marketing.segments.rules import by_segment, segment_choices
from dialogue.marketing.segments.trees import FIELD
from dialogue.platform.accounts.members import member_choices
from dialogue.platform.criteria.fields import Asking, Choices, Entity, Field, entities
from dialogue.platform.criteria.kinds import FieldKind

ENTITY = "segment"
segment = entities.add(ENTITY, Entity(name=ENTITY, label=_("segment"), plural=_("segments"), model=Segment))


def _members(asking: Asking) -> Choices:
    return member_choices()


def _listed(choices: type[models.TextChoices]) -> Any:
    def listed(asking: Asking) -> Choices:
        return [(value, str(words)) for value, words in choices.choices]

    return listed


segment.add(
    Field("name", pgettext_lazy("of a segment", "name"), FieldKind.TEXT, "name", sort="fold", editable=True),
    Field("code", _("code"), FieldKind.TEXT, "code"),
    Field("kind", _("how it is filled"), FieldKind.CHOICE, "kind", choices=_listed(SegmentKind)),
    Field("size", _("people"), FieldKind.NUMBER, "size", sort="size"),
    Field("built_at", _("as of"), FieldKind.MOMENT, "built_at"),
    Field(
        "responsible", _("responsible"), FieldKind.USER, "responsible_id", choices=_members, editable=True,
        said=lambda row: str(row.responsible) if row.responsible_id else "", joins=("responsible",),
    ),
    Field("note", _("note"), FieldKind.LONG_TEXT, "note", editable=True),
    Field("created_at", _("created"), FieldKind.MOMENT, "created_at", sort="created_at"),
    Field("updated_at", _("changed"), FieldKind.MOMENT, "updated_at"),
)  # fmt: skip
# "among" keeps lists from counting by a path: it has none. It is asked about only, for no column reads it along.
party.add(
    Field(
        FIELD, _("segment"), FieldKind.CHOICE, "id", choices=segment_choices, compare=by_segment,
        among={"pk__isnull": False}, shown=False,
    ),
)  # fmt: skip
