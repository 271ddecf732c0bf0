"""What a segment is worth: how its people answer beside the whole base, and how several segments overlap.

A response rate is the share of people who answered among those we spoke to in the period; an answer counts when it points to
one of the period's touches, or came after one. Only responses a person made count: openings, which machines make, do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any

from django.db import connection
from django.utils import timezone

from dialogue.customers.timeline.kinds import IN, entry_kinds
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.kit.statistics import rate_interval
from dialogue.marketing.segments.counting import base_of, margin_of, within
from dialogue.marketing.segments.models import Segment
from dialogue.platform.embedded.writing import int_array

DAYS = 90
MOST_COMPARED = 4
# Above so many memberships together a comparison reads the sample of the base.
MANY = 200_000
LIMIT_MS = 8_000
ONE_OF = " = ANY(%(sample)s::bigint[])"
# Returns, unsubscribing and complaints are answers, but not the ones a campaign asks for.
NO_ANSWER = {"returned", "unsubscribed", "marked_spam"}
RESPONSE = """
WITH touched AS (
    SELECT party_id, min(at) AS first FROM timeline_entry
    WHERE tenant_id = %(tenant)s AND side = 'out' AND at > %(since)s AND at <= %(now)s{among} GROUP BY party_id
), answered AS (
    SELECT DISTINCT e.party_id FROM timeline_entry e JOIN touched t ON t.party_id = e.party_id
    WHERE e.tenant_id = %(tenant)s AND e.side = 'in' AND e.at > %(since)s AND e.at <= %(now)s AND e.at >= t.first
    AND e.kind <> ALL(%(silent)s){among_answers}
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
    WHERE m.tenant_id = %(tenant)s AND m.segment_id = ANY(%(ids)s::bigint[]) AND m.until IS NULL AND p.deleted_at IS NULL{among}
    GROUP BY m.party_id
) people GROUP BY mask
"""


@frozen
class Together:
    """One combination of compared segments: in exactly these and in none of the others; `plus_minus` 0 is exact."""

    segments: tuple[Segment, ...]
    inside: tuple[bool, ...]
    count: int
    share: float
    plus_minus: int = 0


@frozen
class Rate:
    """How many of those we spoke to answered: the share and its 95 % interval, as fractions; None of nobody."""

    touched: int
    answered: int

    @property
    def share(self) -> float | None:
        """The share who answered."""
        return self.answered / self.touched if self.touched else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share (Wilson, 1927); everything where we spoke to nobody."""
        if not self.touched:
            return 0.0, 1.0
        found = rate_interval(self.answered, self.touched)
        return found.low, found.high


def rates_of(response: Mapping[str, Any]) -> tuple[Rate, Rate]:
    """Return the rates of a kept response: of the segment's people and of the whole base."""
    return (
        Rate(int(response.get("touched", 0)), int(response.get("answered", 0))),
        Rate(int(response.get("base_touched", 0)), int(response.get("base_answered", 0))),
    )


def response_of(segment: int, *, days: int = DAYS) -> dict[str, Any] | None:
    """Return how many people we spoke to in the last days and how many answered, members and the whole base.

    `{"days", "touched", "answered", "base_touched", "base_answered", "at", "sampled"}`; None where counting took too long.
    Where the whole base takes too long its sample is counted: the numbers, and so the intervals, are the sample's.
    """
    now = timezone.now()
    silent = [name for name in entry_kinds.keys() if entry_kinds.get(name).side == IN and _is_silent(name)]  # noqa: SIM118
    facts = {"tenant": current_tenant(), "segment": segment, "now": now, "since": now - timedelta(days=days), "silent": silent}
    sample = base_of().sample
    found = within(LIMIT_MS, lambda: _read(facts))
    if found is None and sample:
        found = within(LIMIT_MS, lambda: _read(facts | {"sample": int_array(sample)}))
        facts["sampled"] = True
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
        "sampled": bool(facts.get("sampled")),
    }


def _read(facts: dict[str, Any]) -> tuple[int, int, int, int]:
    with connection.cursor() as cursor:
        among = "sample" in facts
        narrowed = {
            "among": " AND party_id" + ONE_OF if among else "",
            "among_answers": " AND e.party_id" + ONE_OF if among else "",
        }
        cursor.execute(RESPONSE.format(**narrowed), facts)
        touched, answered, base_touched, base_answered = cursor.fetchone()
    return touched, answered, base_touched, base_answered


def _is_silent(name: str) -> bool:
    return name in NO_ANSWER or entry_kinds.get(name).indirect


def overlap_of(segments: Sequence[Segment], *, exact: bool = False) -> list[Together]:
    """Return the size of every combination of up to four segments, the largest first; the share is of all people in any.

    One query. Large segments are compared by the sample of the base, with its ±, unless `exact` is asked for.
    Combinations nobody is in are returned with 0.
    """
    chosen = list(segments)[:MOST_COMPARED]
    base = base_of()
    sampled = bool(base.sample) and not exact and sum(one.size for one in chosen) > MANY
    facts: dict[str, Any] = {"tenant": current_tenant(), "ids": [one.pk for one in chosen]}
    if sampled:
        facts["sample"] = int_array(base.sample)
    with connection.cursor() as cursor:
        cursor.execute(OVERLAP.format(among=" AND m.party_id = ANY(%(sample)s::bigint[])" if sampled else ""), facts)
        found = {int(mask): int(count) for mask, count in cursor.fetchall()}
    everybody = sum(found.values())
    scale = base.count / len(base.sample) if sampled else 1
    shown = []
    for many in range(1, len(chosen) + 1):
        for places in combinations(range(len(chosen)), many):
            count = found.get(sum(1 << place for place in places), 0)
            inside = tuple(place in places for place in range(len(chosen)))
            margin = margin_of(count, len(base.sample), base.count) if sampled else 0
            share = count / everybody if everybody else 0.0
            shown.append(Together(tuple(chosen[place] for place in places), inside, round(count * scale), share, margin))
    return sorted(shown, key=lambda one: -one.count)
