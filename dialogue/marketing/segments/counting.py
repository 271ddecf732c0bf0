"""How many customers a rule matches, at once: by the warehouse where it is fresh, exactly where PostgreSQL takes about a
second, else by a sample with its interval.

The sample is drawn by a hash of the id, so it is the same one while nothing changes, and the rule reads the sample's own
purchases and touches only. The interval is Wilson's (1927) for a share, narrowed for a finite base.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime
from math import ceil, sqrt
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from dialogue.customers.parties.fields import party
from dialogue.customers.parties.models import Party
from dialogue.customers.parties.permissions import KIND
from dialogue.kit.actors import Reach
from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen
from dialogue.kit.reference import Memory
from dialogue.kit.scope import current_tenant
from dialogue.kit.statistics import rate_interval
from dialogue.platform.criteria import warehousing
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.rules import Compiler, any_of
from dialogue.platform.criteria.warehousing import WarehouseCount
from dialogue.platform.warehouse.errors import NotInWarehouse
from dialogue.platform.warehouse.starting import ask_for_copy

QUICK_MS, PATIENT_MS = 1_000, 25_000
# Older figures of the warehouse are not shown: the worker that refreshes it twice a minute stands still.
FRESH_SECONDS = 90
SAMPLE = 10_000
SHOWN, FOUND = 10, 400
HASHES = 1 << 20
# The base of a large company is counted and sampled anew only so often: that reads an index of a million entries.
LARGE, REMEMBERED_SECONDS = 200_000, 60
LIVING = "FROM parties_party WHERE tenant_id = %s AND deleted_at IS NULL"
R = TypeVar("R")


@frozen
class Base:
    """All living customers: how many, and a sample of their ids where they are too many to ask one by one."""

    count: int
    sample: tuple[int, ...]
    made: float

    @property
    def is_large(self) -> bool:
        """Whether there are too many; a sample of few may hold nobody by chance."""
        return self.count > SAMPLE


@frozen
class Counted:
    """How many of the base match. `plus_minus` is half of the 95 % interval, 0 where the count is exact.

    `people` are up to ten of them whom the asker may see.
    """

    count: int
    plus_minus: int
    exact: bool
    base: int
    people: list[Party] = field(default_factory=list)
    at: datetime = field(default_factory=timezone.now)
    took_ms: int = 0

    @property
    def share(self) -> float:
        """The share of the base, from 0 to 1."""
        return self.count / self.base if self.base else 0.0


_bases: Memory[Base] = Memory(256)


def base_of(now: float | None = None) -> Base:
    """Return the open company's base."""
    tenant, moment = current_tenant(), time.monotonic() if now is None else now
    kept: Base = _bases.get(tenant, "", lambda: _read_base(tenant, moment))
    if kept.made != moment and (kept.count < LARGE or moment - kept.made > REMEMBERED_SECONDS):
        kept = _read_base(tenant, moment)
        _bases.put(tenant, "", kept)
    return kept


def _read_base(tenant: int, moment: float) -> Base:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {LIVING}", [tenant])
        count = int(cursor.fetchone()[0])
        if count <= SAMPLE:
            return Base(count, (), moment)
        below = ceil(HASHES * SAMPLE / count)
        cursor.execute(f"SELECT array_agg(id) {LIVING} AND hashint8extended(id, 7) & {HASHES - 1} < %s", [tenant, below])
        return Base(count, tuple(cursor.fetchone()[0] or ()), moment)


def count_rule(tree: Any, asking: Asking, *, exact: bool = False) -> Counted:
    """Return how many of the whole base a rule matches and some of them whom the asker may see.

    Without `exact` it takes about a second at most and says by `exact` and `plus_minus` what it is worth; with it the count
    has 25 seconds, and falls back to the sample after them.

    Raises:
        RuleRefusal: names the part of the rule at fault by its path.
        Refusal: the database is too busy even for a small base.
    """
    begun, base = time.monotonic(), base_of()
    condition = Compiler(party, asking).compile(tree)
    rows = Party.objects.filter(condition).order_by()
    fast = None if exact or not base.is_large else _in_warehouse(tree, asking)
    if fast is not None:
        people = _people(fast.some, rows, asking, whole=False)
        if not people and fast.some and asking.actor.reach_of(KIND) is not Reach.ALL:
            people = within(QUICK_MS, lambda: _people(fast.some, rows, asking, whole=True)) or []
        took = round((time.monotonic() - begun) * 1000)
        return Counted(fast.count, 0, True, max(base.count, fast.count), people, fast.as_of, took)
    found = within(PATIENT_MS if exact or not base.sample else QUICK_MS, lambda: _read(rows))
    margin, whole = 0, found is not None
    if found is None and base.sample:
        found, margin = _sampled(tree, asking, base)
        # Next time it is counted faster.
        ask_for_copy(asking.actor)
    if found is None:
        raise Refusal(_("Counting takes too long now: try again later."), code="too-slow")
    count, ids = found
    people = _people(ids, rows, asking, whole=whole)
    took = round((time.monotonic() - begun) * 1000)
    return Counted(count, margin, whole, max(base.count, count), people, asking.now, took)


def fresh_moment() -> datetime | None:
    """Return the moment of the open company's warehouse if it is fresh and this process ready to ask it, else None."""
    moment = warehousing.as_of()
    is_fresh = moment is not None and (timezone.now() - moment).total_seconds() <= FRESH_SECONDS
    return moment if is_fresh and warehousing.is_ready() else None


def _in_warehouse(tree: Any, asking: Asking) -> WarehouseCount | None:
    """Return the warehouse's count, None where it has none that is fresh or this process is not ready to ask it."""
    if fresh_moment() is None:
        return None
    try:
        return warehousing.count(tree, asking)
    except NotInWarehouse:
        return None


def _read(rows: Any) -> tuple[int, list[int]]:
    try:
        sql, parameters = rows.values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0, []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), (array_agg(id))[:{FOUND}] FROM ({sql}) found (id)", parameters)
        count, ids = cursor.fetchone()
    return int(count), list(ids or ())


def within(limit_ms: int, work: Callable[[], R]) -> R | None:
    """Return what the work reads, or None where PostgreSQL needs longer; the transaction goes on either way."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(limit_ms)])
            found = work()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


def _sampled(tree: Any, asking: Asking, base: Base) -> tuple[tuple[int, list[int]], int]:
    condition = Compiler(party, asking, among=base.sample).compile(tree)
    hits, ids = _read(Party.objects.filter(condition).filter(any_of("id", base.sample)).order_by())
    size = len(base.sample)
    return (round(hits * base.count / size), ids), margin_of(hits, size, base.count)


def margin_of(hits: int, size: int, base: int) -> int:
    """Return half of the 95 % interval of a count scaled from `hits` of a sample of `size` out of `base`, in customers.

    The wider side of Wilson's interval, with the correction for a finite base.
    """
    if not size or size >= base:
        return 0
    share = rate_interval(hits, size)
    reach = max(share.high - share.estimate, share.estimate - share.low)
    return ceil(reach * base * sqrt((base - size) / (base - 1)))


def _people(ids: Sequence[int], rows: Any, asking: Asking, *, whole: bool) -> list[Party]:
    actor = asking.actor
    seen = Party.objects.visible_to(actor).select_related("company")
    people = list(seen.filter(any_of("id", ids)).order_by("pk")[:SHOWN]) if ids else []
    if whole and ids and len(people) < SHOWN and actor.reach_of(KIND) is not Reach.ALL:
        # Who sees few customers finds his own among those the rule matches, wherever they stand.
        people = list(seen.filter(pk__in=rows.values("pk")).order_by("pk")[:SHOWN])
    return people
