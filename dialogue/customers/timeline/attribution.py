"""To which touch an answer without a pointer belongs: the stated rule of attribution."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from dialogue.customers.timeline.models import Entry
from dialogue.customers.timeline.rules import ATTRIBUTION_DAYS

# What a person does with a letter, as opposed to a machine: the evidence that the touch reached him.
DEEDS = ("link_followed", "reply", "called", "came", "accepted")


def touch_behind(party: int, at: datetime, *, days: int = ATTRIBUTION_DAYS) -> int | None:
    """Return the touch that a customer's purchase at `at` is put down to: the last one within `days` that he answered."""
    return (
        Entry.objects.responses()
        .of(party)
        .filter(kind__in=DEEDS, touch__isnull=False, at__lte=at, at__gt=at - timedelta(days=days))
        .newest()
        .values_list("touch", flat=True)
        .first()
    )


def touches_behind(moments: Iterable[tuple[int, datetime]], *, days: int = ATTRIBUTION_DAYS) -> dict[tuple[int, datetime], int]:
    """Return `{(party, at): touch}` for many purchases by the same rule, in one query."""
    wanted = list(moments)
    if not wanted:
        return {}
    oldest, latest = min(at for _party, at in wanted), max(at for _party, at in wanted)
    rows = (
        Entry.objects.responses()
        .filter(party_id__in={party for party, _at in wanted}, kind__in=DEEDS, touch__isnull=False)
        .filter(at__lte=latest, at__gt=oldest - timedelta(days=days))
        .order_by("at", "id")
        .values_list("party_id", "at", "touch")
    )
    deeds: dict[int, list[tuple[datetime, int]]] = {}
    for party, at, touch in rows:
        deeds.setdefault(party, []).append((at, touch or 0))
    found: dict[tuple[int, datetime], int] = {}
    for party, at in wanted:
        before = [touch for moment, touch in deeds.get(party, []) if at - timedelta(days=days) < moment <= at]
        if before:
            found[party, at] = before[-1]
    return found
