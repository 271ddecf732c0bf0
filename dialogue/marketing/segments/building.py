"""The stored membership made to follow the rule: one set statement that closes, opens and counts.

Rule and membership meet in a full join, which PostgreSQL only ever does by hashing or merging: a wrong estimate of a rule
nobody has asked before cannot turn it into a loop over a million rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from dialogue.customers.parties.fields import party
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import system_actor
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.marketing.segments.models import HandPick, Membership, Segment, SegmentDay, Verdict
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.rules import Compiler, any_of
from dialogue.platform.embedded.writing import int_array
from dialogue.platform.tenants.opened import open_company

# Sorting and hashing a million ids in memory; given back at the end of the transaction.
MEMORY = "SET LOCAL work_mem = '96MB'"
NOBODY = "SELECT NULL::bigint WHERE false"
# The rights to write are the table's: the rows that come are the company's living customers, read under its own fence.
SETTLE = """
WITH wanted (id) AS ({wanted}),
held (id, party) AS (
    SELECT id, party_id FROM segments_membership WHERE tenant_id = %s AND segment_id = %s AND until IS NULL{only}
),
seen (party, held) AS MATERIALIZED (SELECT w.id, h.id FROM wanted w FULL JOIN held h ON h.party = w.id),
closed AS (
    UPDATE segments_membership SET until = %s WHERE id IN (SELECT held FROM seen WHERE party IS NULL) RETURNING 1
),
opened AS (
    INSERT INTO segments_membership (tenant_id, segment_id, party_id, since)
    SELECT %s, %s, party, %s FROM seen WHERE held IS NULL ORDER BY party RETURNING 1
)
SELECT (SELECT count(party) FROM seen), (SELECT count(*) FROM opened), (SELECT count(*) FROM closed)
"""
COUNT = """
SELECT count(*) FROM segments_membership m JOIN parties_party p ON p.tenant_id = m.tenant_id AND p.id = m.party_id
WHERE m.tenant_id = %(tenant)s AND m.segment_id = %(segment)s AND m.until IS NULL AND p.deleted_at IS NULL
"""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('segment', %s))"


@frozen
class Built:
    """How a rebuild ended: how many are in, came and went, how long it took, and as of when they are in."""

    size: int
    joined: int
    left: int
    took_ms: int
    at: datetime = field(default_factory=timezone.now)


def asking_for_all(moment: datetime | None = None) -> Asking:
    """Return who asks for a segment's people: the company itself, in its time zone, now or as of a moment."""
    asking = asking_of(system_actor(current_tenant()), open_company())
    return asking if moment is None else replace(asking, now=moment)


def one_at_a_time(segment: int) -> None:
    """Wait until nobody else settles this segment's membership; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [segment])


def matched(tree: Any, asking: Asking, only: Sequence[int] | None = None) -> QuerySet[Party]:
    """Return the living customers that a rule matches, of all or among some ids.

    Raises:
        RuleRefusal: names the part at fault by its path.
    """
    rows = Party.objects.filter(Compiler(party, asking, among=only).compile(tree)).order_by()
    return rows if only is None else rows.filter(any_of("id", only))


def _wanted(
    segment: Segment, asking: Asking, only: Sequence[int] | None, picked: bool | None = None
) -> tuple[str, Sequence[Any]]:
    rows = matched(segment.tree, asking, only)
    picks = HandPick.objects.filter(segment=segment)
    if picks.exists() if picked is None else picked:
        rows = rows.exclude(pk__in=picks.filter(verdict=Verdict.OUT).values("party_id"))
        put_in = Party.objects.filter(pk__in=picks.filter(verdict=Verdict.IN).values("party_id")).order_by()
        put_in = put_in if only is None else put_in.filter(any_of("id", only))
        return _sql(rows, put_in)
    return _sql(rows)


def people_of(segment: Segment, asking: Asking, *, picked: bool | None = None) -> tuple[str, Sequence[Any]]:
    """Return the statement, and its values, of the ids of a segment's living people now: its rule and decisions by hand.

    `picked` says whether anybody was put in or left out by hand, where that is known; else it is asked.

    Raises:
        RuleRefusal: the rule names what is no longer there.
    """
    if segment.is_dynamic:
        return _wanted(segment, asking, None, picked)
    members = Membership.objects.current().filter(segment_id=segment.pk).values("party_id")
    return _sql(Party.objects.filter(pk__in=members).order_by())


def _sql(*parts: QuerySet[Party]) -> tuple[str, Sequence[Any]]:
    """Return the statement of the ids of all parts, each once."""
    statements: list[str] = []
    values: list[Any] = []
    for rows in parts:
        try:
            sql, parameters = rows.values_list("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        statements.append(f"({sql})")
        values += parameters
    return " UNION ".join(statements) or NOBODY, values


def settle(segment: Segment, *, only: Sequence[int] | None = None, asking: Asking | None = None) -> Built:
    """Make the stored membership that of the rule and of what was decided by hand; return how it ended.

    `only` settles these customers alone; the size is then how many of them are in. The caller has waited for its turn.

    Raises:
        RuleRefusal: the rule names what is no longer there; nothing is changed.
    """
    begun = time.monotonic()
    wanted, values = _wanted(segment, asking or asking_for_all(), only)
    tenant, now, among = current_tenant(), timezone.now(), [] if only is None else [int_array(only)]
    statement = SETTLE.format(wanted=wanted, only="" if only is None else " AND party_id = ANY(%s::bigint[])")
    values = [*values, tenant, segment.pk, *among, now, tenant, segment.pk, now]
    with connection.cursor() as cursor:
        cursor.execute(MEMORY)
        cursor.execute(statement, values)
        size, joined, left = cursor.fetchone()
    return Built(size, joined, left, round((time.monotonic() - begun) * 1000))


def count_living(segment: int) -> int:
    """Return how many living customers are in a segment by its stored membership."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"tenant": current_tenant(), "segment": segment})
        return int(cursor.fetchone()[0])


def note_day(segment: Segment, built: Built) -> None:
    """Keep the day's size and who came and went; the rebuilds of one day make one row."""
    day = open_company().today()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {SegmentDay._meta.db_table} AS d (tenant_id, segment_id, day, size, joined, departed, version)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, segment_id, day) DO UPDATE SET size = excluded.size,"
            " joined = d.joined + excluded.joined, departed = d.departed + excluded.departed, version = excluded.version",
            [current_tenant(), segment.pk, day, built.size, built.joined, built.left, segment.version],
        )


def open_for(segment: int, ids: Sequence[int]) -> None:
    """Put people into a segment that is filled once; who is in already stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO segments_membership (tenant_id, segment_id, party_id, since)"
            " SELECT %(tenant)s, %(segment)s, one, %(now)s FROM unnest(%(ids)s::bigint[]) one"
            " ON CONFLICT (tenant_id, segment_id, party_id) WHERE until IS NULL DO NOTHING",
            {"tenant": current_tenant(), "segment": segment, "ids": list(ids), "now": timezone.now()},
        )


def close_for(segment: int, ids: Sequence[int]) -> None:
    """Take people out of a segment that is filled once."""
    rows = Membership.objects.current().filter(segment_id=segment).filter(any_of("party_id", ids))
    rows.update(until=timezone.now())
