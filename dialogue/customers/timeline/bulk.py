"""Set-wise recording: many entries in one statement, one audit entry, one signal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from dialogue.customers.timeline.kinds import entry_kinds
from dialogue.customers.timeline.models import Entry
from dialogue.customers.timeline.permissions import TimelinePermission
from dialogue.customers.timeline.signals import EntriesFact, entries_recorded
from dialogue.customers.timeline.words import keep_words
from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.embedded.writing import int_array, text_array


@dataclass(slots=True)
class EntryDraft:
    """One entry to be written; the side follows from the registered kind. `touch` and `source` are bare ids."""

    party: int
    kind: str
    at: datetime
    way: str = ""
    subject: str = ""
    body: str = ""
    touch: int | None = None
    source: int | None = None
    ref_kind: str = ""
    ref_id: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    facts: dict[str, Any] | None = None


COLUMNS = {
    "party_id": "bigint",
    "side": "text",
    "kind": "text",
    "at": "timestamptz",
    "way": "text",
    "subject": "text",
    "body": "text",
    "touch": "bigint",
    "source": "bigint",
    "ref_kind": "text",
    "ref_id": "bigint",
    "amount": "numeric",
    "currency": "text",
    "facts": "jsonb",
}
INSERT = (
    f"INSERT INTO timeline_entry (tenant_id, by, {', '.join(COLUMNS)})"
    f" SELECT %s, %s, * FROM unnest({', '.join(f'%s::{kind}[]' for kind in COLUMNS.values())}) RETURNING id"
)


def _row(draft: EntryDraft) -> tuple[Any, ...]:
    return (
        draft.party,
        entry_kinds.get(draft.kind).side,
        draft.kind,
        draft.at.isoformat(),
        draft.way,
        draft.subject[:300],
        draft.body or None,
        draft.touch,
        draft.source,
        draft.ref_kind,
        draft.ref_id,
        draft.amount,
        draft.currency if draft.amount is not None else "",
        json.dumps(draft.facts) if draft.facts else None,
    )


def _array(column: Sequence[Any], kind: str) -> str:
    return int_array(column) if kind in {"bigint", "numeric"} else text_array(column)


@action(permission=TimelinePermission.WRITE)
def record_entries(
    drafts: Sequence[EntryDraft], *, by: Actor, cause: str = "", told: bool = False, found: bool = True
) -> list[int]:
    """Write many touches, responses or notes in one statement and return their ids in the order of the drafts.

    One audit entry with the count; one plural signal. `cause` says in the audit where they came from; `told` says that the
    change they tell of stands in the audit already; without `found` nobody looks for them by their words.

    Raises:
        RegistryError: a kind nobody registered.
    """
    if not drafts:
        return []
    columns = [
        _array(column, kind) for column, kind in zip(zip(*map(_row, drafts), strict=True), COLUMNS.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [current_tenant(), by.user, *columns])
        ids = [int(row[0]) for row in cursor.fetchall()]
    if found:
        keep_words((pk, draft.subject[:300], draft.body) for pk, draft in zip(ids, drafts, strict=True))
    if not told:
        record(by, "timeline.recorded", kind=Entry._meta.label_lower, count=len(ids), cause=cause)
    entries_recorded.tell(EntriesFact(ids, by))
    return ids


@frozen
class Same:
    """What entries of one kind for many customers have in common; the side follows from the kind, the words stand elsewhere."""

    kind: str
    at: datetime
    way: str = ""
    source: int | None = None
    ref: tuple[str, int] | None = None


INSERT_SAME = """
INSERT INTO timeline_entry (tenant_id, by, party_id, at, side, kind, way, source, ref_kind, ref_id, subject, currency)
SELECT %s, %s, party, %s, %s, %s, %s, %s, %s, %s, '', '' FROM unnest(%s::bigint[]) party RETURNING party_id, id
"""


def record_same(parties: Sequence[int], same: Same, *, by: Actor) -> dict[int, int]:
    """Write one entry for each of the customers in one statement and return `{customer: its id}`.

    The change they tell of stands in the audit already: they make no entry there.

    Raises:
        RegistryError: a kind nobody registered.
    """
    if not parties:
        return {}
    ref_kind, ref_id = same.ref or ("", None)
    side = entry_kinds.get(same.kind).side
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_SAME,
            [current_tenant(), by.user, same.at, side, same.kind, same.way, same.source, ref_kind, ref_id, int_array(parties)],
        )
        made: dict[int, int] = dict(cursor.fetchall())
    entries_recorded.tell(EntriesFact(list(made.values()), by))
    return made


@action(permission=TimelinePermission.STRIKE)
def remove_entries(ids: Sequence[int], *, by: Actor, cause: str = "") -> list[int]:
    """Remove entries that nothing answers (the undo of an import) and return the ids of those removed."""
    answered = Entry.objects.filter(touch__in=list(ids)).exclude(pk__in=list(ids)).values("touch")
    gone = list(Entry.objects.filter(pk__in=list(ids)).exclude(pk__in=answered).values_list("pk", flat=True))
    Entry.objects.filter(pk__in=gone).delete()
    record(by, "timeline.removed", kind=Entry._meta.label_lower, count=len(gone), cause=cause)
    return gone
