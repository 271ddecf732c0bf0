"""What a segment is worth: how its people answer beside the whole base, and how several segments overlap.

A response rate is the share of people who answered among those we spoke to in the period; an answer counts when it points to
one of the period's touches, or came after one. Only responses a person made count: openings, which machines make, do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any

from django.db import connection
from django.utils import timezone

from dialogue.customers.timeline.kinds import IN, entry_kinds
from dialogue.kit.scope import current_tenant
from dialogue.marketing.segments.counting import within
from dialogue.marketing.segments.models import Segment

DAYS = 90
MOST_COMPARED = 4
LIMIT_MS = 20_000
# "returned" and "unsubscribed" are answers, but not the ones a campaign asks for.
NO_ANSWER = {"returned", "unsubscribed"}
RESPONSE = """
WITH touched AS (
    SELECT party_id, min(at) AS first FROM timeline_entry
    WHERE tenant_id = %(tenant)s AND side = 'out' AND at > %(since)s AND at <= %(now)s GROUP BY party_id
), answered AS (
    SELECT DISTINCT e.party_id FROM timeline_entry e JOIN touched t ON t.party_id = e.party_id
    WHERE e.tenant_id = %(tenant)s AND e.side = 'in' AND e.at > %(since)s AND e.at <= %(now)s AND e.at >= t.first
    AND e.kind <> ALL(%(silent)s)
), people AS (
    SELECT t.party_id, a.party_id IS NOT NULL AS answered, m.party_id IS NOT NULL AS member
    FROM touched t JOIN parties_party p ON p.tenant_id = %(tenant)s AND p.id = t.party_id AND p.deleted_at IS NULL
    LEFT JOIN answered a ON a.party_id = t.party_id
    LEFT JOIN segments_membership m ON m.tenant_id = %(tenant)s AND m.segment_id = %(segment)s AND m.party_id = t.party_id
        AND m.until IS NULL
)
SELECT count(*) FILTER (WHERE member), count(*) FILTER (WHERE member AND answered), count(*),
    count(*) FILTER (WHERE answered) FROM people
"""
OVERLAP = """
SELECT mask, count(*) FROM (
    SELECT m.party_id, bit_or(1 << (array_position(%(ids)s::bigint[], m.segment_id) - 1)) AS mask
    FROM segments_membership m JOIN parties_party p ON p.tenant_id = m.tenant_id AND p.id = m.party_id
    WHERE m.tenant_id = %(tenant)s AND m.segment_id = ANY(%(ids)s::bigint[]) AND m.until IS NULL AND p.deleted_at IS NULL
    GROUP BY m.party_id
) people GROUP BY mask
"""


@dataclass(frozen=True)
class Together:
    """One combination of compared segments: in exactly these and in none of the others."""

    segments: tuple[Segment, ...]
    inside: tuple[bool, ...]
    count: int
    share: float


def response_of(segment: int, *, days: int = DAYS) -> dict[str, Any] | None:
    """Return how many people we spoke to in the last days and how many answered, members and the whole base.

    `{"days", "touched", "answered", "base_touched", "base_answered", "at"}`; None where counting took too long.
    """
    now = timezone.now()
    silent = [name for name in entry_kinds.keys() if entry_kinds.get(name).side == IN and _is_silent(name)]  # noqa: SIM118
    facts = {"tenant": current_tenant(), "segment": segment, "now": now, "since": now - timedelta(days=days), "silent": silent}
    found = within(LIMIT_MS, lambda: _read(facts))
    if found is None:
        return None
    touched, answered, base_touched, base_answered = found
    return {
        "days": days,
        "touched": touched,
        "answered": answered,
        "base_touched": base_touched,
        "base_answered": base_answered,
        "at": now.isoformat(),
    }


def _read(facts: dict[str, Any]) -> tuple[int, int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute(RESPONSE, facts)
        touched, answered, base_touched, base_answered = cursor.fetchone()
    return touched, answered, base_touched, base_answered


def _is_silent(name: str) -> bool:
    return name in NO_ANSWER or entry_kinds.get(name).indirect


def overlap_of(segments: Sequence[Segment]) -> list[Together]:
    """Return the size of every combination of up to four segments, the largest first; the share is of all people in any.

    One query. Combinations nobody is in are returned with 0.
    """
    chosen = list(segments)[:MOST_COMPARED]
    with connection.cursor() as cursor:
        cursor.execute(OVERLAP, {"tenant": current_tenant(), "ids": [one.pk for one in chosen]})
        found = {int(mask): int(count) for mask, count in cursor.fetchall()}
    everybody = sum(found.values())
    shown = []
    for many in range(1, len(chosen) + 1):
        for places in combinations(range(len(chosen)), many):
            count = found.get(sum(1 << place for place in places), 0)
            inside = tuple(place in places for place in range(len(chosen)))
            shown.append(
                Together(tuple(chosen[place] for place in places), inside, count, count / everybody if everybody else 0.0)
            )
    return sorted(shown, key=lambda one: -one.count)
