"""The bin: what was deleted stays 30 days, can be restored, and says what refers to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.rows import TenantRow
from dialogue.platform.audit.kinds import RecordKind, binned_of, kinds_with_bin, model_of, record_kinds
from dialogue.platform.audit.models import Entry
from dialogue.platform.audit.recording import record

KEPT = timedelta(days=30)
SHOWN = 100
BATCH = 500


@frozen
class Binned:
    """One row in the bin."""

    row: Any
    kind: str
    words: RecordKind
    by: str
    gone_at: datetime
    may_restore: bool


@frozen
class Reference:
    """How many rows of one kind point to a record, and some of their names."""

    label: str
    count: int
    names: list[str]


def bin_of(actor: Actor, kind: str = "") -> list[Binned]:
    """Return what lies in the bin and the actor may see, the newest 100 of each kind; two queries a kind."""
    found: list[Binned] = []
    for key in [kind] if kind else kinds_with_bin():
        words = record_kinds.get(key)
        rows = list(binned_of(key, actor)[:SHOWN])
        if not rows:
            continue
        last = (
            Entry.objects.filter(subject_kind=key, subject_id__in=[row.pk for row in rows])
            .order_by("subject_id", "-id")
            .distinct("subject_id")
        )
        makers = {entry.subject_id: entry.actor_label for entry in last}
        may = not words.permission or actor.can(words.permission)
        found += [Binned(row, key, words, makers.get(row.pk, ""), row.deleted_at + KEPT, may) for row in rows]
    found.sort(key=lambda one: one.row.deleted_at, reverse=True)
    return found


def references_of(row: models.Model, actor: Actor) -> list[Reference]:
    """Return what points to a record; names only of rows the actor sees. Two queries per relation in use."""
    found, others = [], 0
    for relation in row._meta.related_objects:
        model: Any = relation.related_model
        if not issubclass(model, TenantRow) or relation.many_to_many:
            continue
        rows = model._default_manager.filter(**{relation.field.name: row.pk})
        count = rows.count()
        if not count:
            continue
        kind = record_kinds.find(model._meta.label_lower)
        if kind is None:
            others += count
            continue
        names = [str(one) for one in kind.visible_to(actor).filter(**{relation.field.name: row.pk})[:5]]
        found.append(Reference(str(kind.plural), count, names))
    return [*found, Reference(_("What belongs to it"), others, [])] if others else found


def empty_bin(by: Actor, *, now: datetime | None = None) -> int:
    """Delete for good what lay in the bin for 30 days; return how many rows. What others still need stays."""
    before = (now or timezone.now()) - KEPT
    gone = 0
    for key in kinds_with_bin():
        model: Any = model_of(key)
        forget = record_kinds.get(key).forget
        last = 0
        while rows := list(model.with_bin.filter(deleted_at__lt=before, pk__gt=last).order_by("pk")[:BATCH]):
            last = rows[-1].pk
            gone += sum(_delete(row, forget) for row in rows)
    if gone:
        record(by, "bin.emptied", count=gone)
    return gone


def _delete(row: Any, forget: Any) -> bool:
    try:
        with transaction.atomic():
            if forget:
                forget(row)
            row.delete()
            with connection.cursor() as cursor:
                # Company-carrying keys are checked at commit; here the question is whether this row may go.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except (models.ProtectedError, models.RestrictedError, IntegrityError):
        return False
    return True
