"""Freezing the people of a run: one statement that decides about each of them and says why.

The rules are evaluated now, in PostgreSQL, with what was decided by hand. Reasons come in the order of `Reason`; a person
who could be reached is then held out, or given an arm, by a hash anybody can compute again (`rules.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from django.db import connection, models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from dialogue.customers.channels.models import Suppression, suppression_keys
from dialogue.customers.parties.models import Channel, Purpose
from dialogue.kit.frozen import frozen, record
from dialogue.kit.scope import current_tenant
from dialogue.kit.statement import Statement
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, Content, Decision, Person, Reason, Run, Side, Test
from dialogue.marketing.campaigns.priority import neighbours_of
from dialogue.marketing.campaigns.rules import HELD_OUT, LEAST, held_out_of
from dialogue.marketing.policy.keeping import capped_sql, policy_of
from dialogue.marketing.segments.building import asking_for_all, people_of
from dialogue.marketing.segments.models import HandPick
from dialogue.platform.embedded.writing import int_array
from dialogue.platform.tenants.opened import open_company

EMAIL, MARKETING = Channel.EMAIL.value, Purpose.MARKETING.value
MEMORY = "96MB"
# From so many people on every table is read whole and hashed: a wrong guess about a rule must not become a loop.
MANY = 20_000
READY = "SELECT set_config('work_mem', %s, true), set_config('enable_nestloop', %s, true)"
LOOPS = "SELECT set_config('enable_nestloop', 'on', true)"
PLACE = "('x' || left(md5(%s || f.id::text), 8))::bit(32)::bigint %% 10000"
DECIDED = f"""
WITH wanted (id) AS MATERIALIZED ({{wanted}}),
point AS MATERIALIZED (
    SELECT DISTINCT ON (c.party_id) c.party_id, c.id, c.normal,
        c.bad_at IS NOT NULL OR octet_length(c.normal) <> char_length(c.normal) AS bad
    FROM parties_contactpoint c
    WHERE c.tenant_id = %s AND c.kind = 'email' AND c.party_id IN (SELECT id FROM wanted)
    ORDER BY c.party_id, c.bad_at IS NOT NULL, c.is_primary DESC, c.id
), said AS MATERIALIZED (
    SELECT DISTINCT ON (k.party_id) k.party_id, k.state FROM parties_consent k
    WHERE k.tenant_id = %s AND k.channel = '{EMAIL}' AND k.purpose = '{MARKETING}' AND k.party_id IN (SELECT id FROM wanted)
    ORDER BY k.party_id, k.at DESC, k.id DESC
), judged AS MATERIALIZED (
    SELECT w.id, p.id AS point, p.normal, CASE
        WHEN p.id IS NULL THEN {Reason.NO_ADDRESS}
        WHEN p.bad THEN {Reason.BAD_ADDRESS}
        WHEN p.id = ANY(%s::bigint[]) THEN {Reason.STOP_LIST}
        WHEN s.state IN ('refused', 'withdrawn') THEN {Reason.REFUSED}
        WHEN s.state IS NULL THEN {Reason.NO_CONSENT}
        ELSE 0 END AS reason
    FROM wanted w LEFT JOIN point p ON p.party_id = w.id LEFT JOIN said s ON s.party_id = w.id
), twice AS (
    SELECT normal, min(id) AS first FROM judged WHERE reason = 0 GROUP BY normal HAVING count(*) > 1
), capped (party_id, had) AS ({{capped}}),
claimed (party_id, above, below) AS ({{claimed}}),
found AS MATERIALIZED (
    SELECT j.id, j.point, CASE
        WHEN j.reason <> 0 THEN j.reason
        WHEN t.first <> j.id THEN {Reason.DUPLICATE}
        WHEN c.had - coalesce(k.below, 0) >= %s THEN CASE WHEN k.above > 0 THEN {Reason.PRIORITY} ELSE {Reason.CAP} END
        ELSE 0 END AS reason
    FROM judged j LEFT JOIN twice t ON t.normal = j.normal LEFT JOIN capped c ON c.party_id = j.id
    LEFT JOIN claimed k ON k.party_id = j.id
), share (held) AS (
    SELECT CASE WHEN %s THEN %s WHEN count(*) FILTER (WHERE reason = 0) >= {LEAST} THEN {HELD_OUT * 100} ELSE 0 END FROM found
){{lettered}}, decided AS (
    SELECT f.id, f.point, f.reason, {{letter}} AS letter, CASE
        WHEN f.reason <> 0 THEN {Decision.EXCLUDED}
        WHEN {PLACE} < (SELECT held FROM share) THEN {Decision.HELD_OUT}
        ELSE {Decision.INCLUDED} END AS decision,
        CASE WHEN %s AND {PLACE} >= 5000 THEN 'b' ELSE 'a' END AS arm
    FROM found f {{join}}
)
"""
# Only where a segment has a letter of its own: the first in the campaign's order that holds the person.
LETTERED = """, lettered (id, letter) AS MATERIALIZED (
    SELECT DISTINCT ON (id) id, letter FROM ({parts}) AS own (id, letter, place) ORDER BY id, place
)"""
COUNT = "SELECT decision, reason, arm, letter, count(*) FROM decided GROUP BY decision, reason, arm, letter"
FREEZE = f"""
INSERT INTO campaigns_person (tenant_id, run_id, party_id, point_id, decision, reason, arm, letter)
SELECT %s, %s, id, point, decision, reason, CASE WHEN decision = {Decision.INCLUDED} THEN arm ELSE '' END, letter
FROM decided ORDER BY id
"""
POINTS = (
    "SELECT c.id, c.normal FROM parties_contactpoint c WHERE c.tenant_id = %s AND c.kind = 'email'"
    " AND split_part(c.normal, '@', 2) = ANY(%s) AND c.party_id IN ({wanted})"
)


@record
class Audience:
    """How many people a campaign reaches, holds out and leaves out, with reasons; `arms` and `letters` count the reached."""

    included: int = 0
    held_out: int = 0
    excluded: int = 0
    reasons: dict[int, int] = field(default_factory=dict)
    arms: dict[str, int] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)
    as_of: datetime = field(default_factory=timezone.now)

    @property
    def total(self) -> int:
        """How many people the segments hold together."""
        return self.included + self.held_out + self.excluded

    @property
    def reachable(self) -> int:
        """How many could be reached, held out or not."""
        return self.included + self.held_out

    @property
    def unconsented(self) -> int:
        """How many have recorded no consent or have refused."""
        return self.reasons.get(Reason.NO_CONSENT, 0) + self.reasons.get(Reason.REFUSED, 0)

    def lines(self) -> list[tuple[Reason, int]]:
        """Return why people were left out, the most frequent reason first."""
        return sorted(((Reason(reason), count) for reason, count in self.reasons.items() if count), key=lambda line: -line[1])

    def kept(self) -> dict[str, Any]:
        """Return the counts as a run keeps them."""
        reasons = {str(int(reason)): count for reason, count in self.reasons.items()}
        return {
            "included": self.included, "held_out": self.held_out, "excluded": self.excluded, "reasons": reasons, "arms": self.arms,
            "letters": self.letters,
        }  # fmt: skip

    @classmethod
    def of_run(cls, run: Run) -> Audience:
        """Return the counts a run kept."""
        return cls.of_kept(run.counts, run.frozen_at)

    @classmethod
    def of_kept(cls, kept: dict[str, Any], as_of: datetime) -> Audience:
        """Return counts as `kept` gave them, of a moment."""
        reasons = {int(reason): count for reason, count in kept.get("reasons", {}).items()}
        included, held_out, excluded = (int(kept.get(name, 0)) for name in ("included", "held_out", "excluded"))
        return cls(included, held_out, excluded, reasons, kept.get("arms", {}), kept.get("letters", {}), as_of)

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, int, str, int, int]]) -> Audience:
        """Return the counts of rows (decision, reason, arm, letter, count)."""
        made = cls()
        for decision, reason, arm, letter, count in rows:
            if decision == Decision.EXCLUDED:
                made.excluded += count
                made.reasons[reason] = made.reasons.get(reason, 0) + count
            elif decision == Decision.HELD_OUT:
                made.held_out += count
            else:
                made.included += count
                made.arms[arm] = made.arms.get(arm, 0) + count
                made.letters[str(letter)] = made.letters.get(str(letter), 0) + count
        return made


def _lines(campaign: int) -> models.QuerySet[CampaignSegment]:
    own = Content.objects.filter(campaign=OuterRef("campaign"), letter=OuterRef("number"))
    picks = HandPick.objects.filter(segment=OuterRef("segment"))
    rows = CampaignSegment.objects.filter(campaign=campaign).annotate(written=Exists(own), picked=Exists(picks))
    return rows.select_related("segment").order_by("id")


LINES = Statement(_lines)
LISTED = Statement(
    lambda: Suppression.objects.filter(channel=EMAIL, purpose__in=["", MARKETING]).values_list("key", "hint").order_by()
)


def lines_of(campaign: Campaign) -> list[CampaignSegment]:
    """Return the campaign's segments, each `written` where it has a letter of its own, `picked` where somebody was by hand."""
    return LINES.rows(campaign=campaign.pk)


def people_in(lines: Sequence[CampaignSegment]) -> int:
    """Return about how many people the segments hold that are addressed."""
    return sum(one.segment.size for one in lines if one.segment is not None and one.side == Side.INCLUDE)


def wanted_sql(campaign: Campaign, number: int = 0, lines: Sequence[CampaignSegment] | None = None) -> tuple[str, list[Any]]:
    """Return the statement of the ids of all people the campaign addresses, before anything is decided about them.

    With a `number` those of that segment of the campaign only.

    Raises:
        RuleRefusal: a segment's rule names what is no longer there.
    """
    asking = asking_for_all()
    sides: dict[str, list[str]] = {Side.INCLUDE: [], Side.EXCLUDE: []}
    values: dict[str, list[Any]] = {Side.INCLUDE: [], Side.EXCLUDE: []}
    for one in lines_of(campaign) if lines is None else lines:
        if one.segment is None or (number and one.side == Side.INCLUDE and one.number != number):
            continue
        sql, parameters = people_of(one.segment, asking, picked=getattr(one, "picked", None))
        sides[one.side].append(f"({sql})")
        values[one.side] += parameters
    included = " UNION ".join(sides[Side.INCLUDE]) or "SELECT NULL::bigint WHERE false"
    without = "".join(f" EXCEPT {sql}" for sql in sides[Side.EXCLUDE])
    return f"({included}){without}", [*values[Side.INCLUDE], *values[Side.EXCLUDE]]


@frozen
class Lettered:
    """The parts of the statement that say whose letter a person gets."""

    sql: str = ""
    letter: str = "0::smallint"
    join: str = ""
    values: Sequence[Any] = ()


def lettered_sql(lines: Sequence[CampaignSegment]) -> Lettered:
    """Return the parts of the statement that give each person the letter of his first segment that has one.

    Raises:
        RuleRefusal: a segment's rule names what is no longer there.
    """
    asking, parts, values = None, list[str](), list[Any]()
    for one in sorted(lines, key=lambda line: (line.place, line.pk)):
        if one.segment is None or one.side != Side.INCLUDE or not getattr(one, "written", False):
            continue
        asking = asking or asking_for_all()
        sql, parameters = people_of(one.segment, asking, picked=getattr(one, "picked", None))
        parts.append(f"SELECT s{one.number}.id, {one.number}::smallint, {len(parts)} FROM ({sql}) AS s{one.number} (id)")
        values += parameters
    if not parts:
        return Lettered()
    joined = "LEFT JOIN lettered l ON l.id = f.id"
    return Lettered(LETTERED.format(parts=" UNION ALL ".join(parts)), "coalesce(l.letter, 0::smallint)", joined, values)


def stopped_points(wanted: str, values: Sequence[Any], *, few: bool = False) -> list[int]:
    """Return the ids of the addresses among the wanted people's that are on the stop list; of a `few` people in one turn.

    The list holds keyed hashes; the key never travels to the database, so addresses of its domains are hashed here.
    """
    keys: dict[Any, str] = dict(LISTED.rows())
    if not keys:
        return []
    stopped: list[int] = []
    with connection.cursor() if few else connection.chunked_cursor() as cursor:
        cursor.execute(POINTS.format(wanted=wanted), [current_tenant(), sorted(set(keys.values())), *values])
        while rows := cursor.fetchmany(5000):
            hashes = suppression_keys(EMAIL, [normal for _point, normal in rows])
            stopped += [point for (point, _normal), key in zip(rows, hashes, strict=True) if key in keys]
    return stopped


def _decided(campaign: Campaign, lines: Sequence[CampaignSegment], seed: str, now: datetime) -> tuple[str, list[Any]]:
    wanted, values = wanted_sql(campaign, lines=lines)
    company = open_company()
    policy = policy_of(company)
    capped, capped_values = capped_sql(policy, now)
    claimed, claimed_values = neighbours_of(campaign, policy, now).claimed_sql()
    own = lettered_sql(lines)
    stopped = stopped_points(wanted, values, few=people_in(lines) <= MANY)
    held, tenant = campaign.hold_out, current_tenant()
    parameters = [
        *values, tenant, tenant, int_array(stopped), *capped_values, *claimed_values, policy.cap, held is not None, 100 * (held or 0),
        *own.values, f"{seed}:hold:", campaign.test != Test.NONE, f"{seed}:arm:",
    ]  # fmt: skip
    return DECIDED.format(
        wanted=wanted, capped=capped, claimed=claimed, lettered=own.sql, letter=own.letter, join=own.join
    ), parameters


def _ready(lines: Sequence[CampaignSegment]) -> tuple[str, list[str]]:
    sizes = [one.segment.size for one in lines if one.segment is not None]
    return READY, [MEMORY, "off" if sum(sizes) > MANY else "on"]


def seed_of(campaign: Campaign) -> str:
    """Return the seed of a campaign's split: known before the launch, so that what the dialog says is what comes."""
    return sha256(f"{current_tenant()}:{campaign.pk}:{campaign.created_at.isoformat()}".encode()).hexdigest()[:16]


def count_audience(campaign: Campaign, seed: str = "", lines: Sequence[CampaignSegment] | None = None) -> Audience:
    """Return how many would be reached, held out and left out if the campaign were launched now; `lines` are its segments.

    Raises:
        RuleRefusal: a segment's rule names what is no longer there.
    """
    lines = lines_of(campaign) if lines is None else lines
    sql, values = _decided(campaign, lines, seed or seed_of(campaign), timezone.now())
    with cast("Any", connection).asking([_ready(lines), (sql + COUNT, values), (LOOPS, ())]) as (_set, counted, _set_back):
        return Audience.of_rows(counted.fetchall())


def freeze_people(campaign: Campaign, run: Run) -> Audience:
    """Write one row per person of the run with the decision and its reason; return the counts, kept on the run.

    Raises:
        RuleRefusal: a segment's rule names what is no longer there.
    """
    begun = time.monotonic()
    lines = lines_of(campaign)
    sql, values = _decided(campaign, lines, run.seed, run.frozen_at)
    with connection.cursor() as cursor:
        cursor.execute(*_ready(lines))
        cursor.execute(sql + FREEZE, [*values, current_tenant(), run.pk])
        cursor.execute(LOOPS)
        cursor.execute(
            f"SELECT decision, reason, arm, letter, count(*) FROM {Person._meta.db_table} WHERE tenant_id = %s AND run_id = %s"
            " GROUP BY decision, reason, arm, letter",
            [current_tenant(), run.pk],
        )
        counted = Audience.of_rows(cursor.fetchall())
    counted.as_of = run.frozen_at
    run.counts = counted.kept()
    run.hold_out = held_out_of(campaign.hold_out, counted.reachable)
    run.took_ms = round((time.monotonic() - begun) * 1000)
    run.save(update_fields=["counts", "hold_out", "took_ms", "updated_at"])
    return counted
