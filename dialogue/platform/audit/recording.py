"""Write one entry of the audit stream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_scope
from dialogue.kit.signals import Event
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.models import Entry
from dialogue.platform.embedded.together import write_one


@frozen
class Recorded:
    """The fact that reached the audit stream."""

    entry: Entry


recorded: Event[Recorded] = Event("audit.recorded")


def plain(value: Any) -> Any:
    """Return `value` as JSON can keep it."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return str(value)


def snapshot(row: models.Model, fields: list[str]) -> dict[str, Any]:
    """Return the named fields of a row, to compare after a change."""
    return {name: getattr(row, name) for name in fields}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return `{field: [before, after]}` for the fields that differ."""
    return {name: [plain(before.get(name)), plain(value)] for name, value in after.items() if before.get(name) != value}


def record(
    by: Actor,
    event: str,
    subject: models.Model | None = None,
    *,
    kind: str = "",
    changes: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Entry:
    """Write one entry and tell those who listen; return it.

    `event` must be registered in `event_words`, so that history can say it in words.
    """
    event_words.get(event)
    entry = Entry(
        actor=by.user,
        actor_label=by.label[:150],
        actor_kind=by.kind,
        event=event,
        subject_kind=kind or (subject._meta.label_lower if subject else ""),
        subject_id=subject.pk if subject else None,
        subject_label=str(subject)[:200] if subject else "",
        changes=plain(dict(changes or {})),
        facts=plain(facts),
        request=current_scope().request,
    )
    write_one(entry)
    recorded.tell(Recorded(entry))
    return entry
