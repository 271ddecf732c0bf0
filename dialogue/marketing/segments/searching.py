"""How search finds a segment: by its name, code and note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.statement import Statement, one_of
from dialogue.marketing.segments.fields import ENTITY
from dialogue.marketing.segments.models import Segment
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.platform.search.kinds import Findable, Hit, SearchKind


def _rows() -> QuerySet[Any]:
    return Segment.with_bin.all()


def _texts(rows: QuerySet[Any]) -> Iterable[Findable]:
    held = rows.values_list("pk", "name", "code", "note")
    return [Findable(pk, name, f"{name} {code} {note}") for pk, name, code, note in held]


def _visible_to(actor: Actor) -> QuerySet[Any]:
    rows = Segment.objects.visible_to(actor)
    # Ids begin with 1: who may see no segments finds none, by a statement that is written all the same.
    return rows if actor.can(SegmentPermission.READ) else rows.filter(pk__lt=0)


def _said(actor: Actor, ids: int) -> QuerySet[Any]:
    return _visible_to(actor).filter(one_of("pk", ids)).only("name", "kind", "size")


def _describe(found: Sequence[Segment]) -> Sequence[Hit]:
    return [Hit(ENTITY, row.pk, row.name, str(row.get_kind_display()), record_url("segment_page", row.pk)) for row in found]


segments = SearchKind(
    name=ENTITY,
    label=_("Segments"),
    rows=_rows,
    texts=_texts,
    visible_to=_visible_to,
    read=(Statement(_said),),
    describe=_describe,
)
