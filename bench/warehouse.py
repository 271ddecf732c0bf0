"""`marketing`: counts over the warehouse beside the best indexed PostgreSQL query, its copy beside COPY BINARY, its refresh.

A process of its own makes the rows by SQL: N customers, 10 N purchases, 10 N events, skewed as customers are.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.client import ROOT
from bench.pages import pages

PEOPLE, SMALL = 1_000_000, 50_000
ROUNDS = 7
PARTIES = """
INSERT INTO parties_party (id, tenant_id, created_at, updated_at, kind, name, legal_name, tax_number, last_name, first_name,
 middle_name, position, decision, sex, language, phase, phase_since, is_customer, is_supplier, external_id, country, region, city,
 note, characteristics, time_zone)
SELECT n, {tenant}, now() - n % 900 * interval '1 day', now(), CASE WHEN n % 10 = 0 THEN 'company' ELSE 'person' END,
 'Customer ' || n, '', '', 'Ковальчук', 'Анна', '', '', '', '', 'ru', (ARRAY['acquire', 'develop', 'keep', 'end'])[1 + n % 4],
 now(), true, false, '', 'RO', '', 'City ' || (n::bigint * 7919 % 200), '', '{{}}', '' FROM generate_series(1, {people}) n
"""
PURCHASES = """
INSERT INTO purchases_purchase (tenant_id, created_at, updated_at, at, party_id, external_id, amount, currency, is_return, note)
SELECT {tenant}, now(), now(), now() - random() * interval '730 days', 1 + floor({people} * power(random(), 2))::bigint, '',
 round((random() * 80)::numeric, 2), 'EUR', false, '' FROM generate_series(1, {people} * {each})
"""
EVENTS = """
INSERT INTO timeline_entry (tenant_id, at, party_id, side, kind, way, source)
SELECT {tenant}, now() - random() * interval '730 days', 1 + floor({people} * power(random(), 2))::bigint,
 CASE WHEN n % 4 = 0 THEN 'in' ELSE 'out' END, CASE WHEN n % 4 = 0 THEN 'reply' ELSE 'letter' END,
 CASE WHEN n % 3 = 0 THEN 'call' ELSE 'email' END, n % 100 FROM generate_series(1, {people} * {each}) n
"""
TABLES = ("parties_party", "purchases_purchase", "timeline_entry")
# What a database expert would add for this very question.
EXTRA = (
    "CREATE INDEX bench_spend ON purchases_purchase (tenant_id, party_id) INCLUDE (amount, at)",
    "CREATE INDEX bench_touch ON timeline_entry (tenant_id, party_id, side, way, at)",
    "CREATE INDEX bench_source ON timeline_entry (tenant_id, side, source) INCLUDE (party_id)",
)
RULE = {
    "all": [
        {"field": "kind", "is": "person"},
        {"field": "phase", "in": ["develop", "keep"]},
        {"not": {"field": "city", "in": [f"City {number}" for number in range(40)]}},
        {"has": "purchase", "where": [{"field": "at", "within": "90d"}]},
        {"has": "purchase", "sum": "amount", "at_least": 250},
        {"lacks": "touch", "where": [{"field": "way", "is": "email"}, {"field": "at", "within": "14d"}]},
        {"has": "response", "where": [{"field": "source", "in": ["92", "96", "88", "84", "80"]}]},
    ]
}
BEST = """
SELECT count(*) FROM parties_party p WHERE p.tenant_id = {tenant} AND p.deleted_at IS NULL AND p.kind = 'person'
 AND p.phase IN ('develop', 'keep') AND NOT p.city = ANY ({cities})
 AND EXISTS (SELECT 1 FROM purchases_purchase b WHERE b.tenant_id = {tenant} AND b.party_id = p.id AND b.at BETWEEN '{from90}' AND '{now}')
 AND (SELECT sum(b.amount) FROM purchases_purchase b WHERE b.tenant_id = {tenant} AND b.party_id = p.id) >= 250
 AND NOT EXISTS (SELECT 1 FROM timeline_entry e WHERE e.tenant_id = {tenant} AND e.party_id = p.id AND e.side = 'out'
  AND e.way = 'email' AND e.at BETWEEN '{from14}' AND '{now}')
 AND EXISTS (SELECT 1 FROM timeline_entry e WHERE e.tenant_id = {tenant} AND e.party_id = p.id AND e.side = 'in'
  AND e.source IN (92, 96, 88, 84, 80))
"""


# The same question by sets, each table read once.
BY_SETS = """
SELECT count(*) FROM (SELECT party_id FROM purchases_purchase WHERE tenant_id = {tenant} AND party_id IS NOT NULL GROUP BY party_id
  HAVING sum(amount) >= 250 AND max(at) FILTER (WHERE at <= '{now}') >= '{from90}') b
 JOIN parties_party p ON p.id = b.party_id WHERE p.tenant_id = {tenant} AND p.deleted_at IS NULL AND p.kind = 'person'
 AND p.phase IN ('develop', 'keep') AND NOT p.city = ANY ({cities})
 AND p.id IN (SELECT party_id FROM timeline_entry WHERE tenant_id = {tenant} AND side = 'in' AND source IN (92, 96, 88, 84, 80))
 AND NOT EXISTS (SELECT 1 FROM timeline_entry e WHERE e.tenant_id = {tenant} AND e.party_id = p.id AND e.side = 'out'
  AND e.way = 'email' AND e.at BETWEEN '{from14}' AND '{now}')
"""


def marketing(*, small: bool = False) -> list[dict[str, Any]]:
    """Return the rows: count, copy and refresh."""
    people = int(os.environ.get("BENCH_PEOPLE", SMALL if small else PEOPLE))
    with tempfile.TemporaryDirectory(prefix="dialogue-bench-") as folder:
        Path(folder).chmod(0o711)
        environment = {**os.environ, "DIALOGUE_DATA": str(Path(folder) / "data")}
        command = [sys.executable, "-m", "bench.warehouse", str(people)]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        walked = pages(people, {**environment, "DIALOGUE_LOG": "WARNING", "DIALOGUE_THROTTLES": "off"})
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    common = {"people": people, "purchases": 10 * people, "events": 10 * people}
    return [
        line("segment.count", "ms", facts["count_ms"], facts["postgresql_ms"], 8)
        | {"found": facts["found"], "compiled_query_ms": facts["compiled_ms"]}
        | common,
        line("warehouse.copy", "rows/s", facts["copy_rate"], facts["binary_rate"], 0.75)
        | {
            "whole_s": facts["copy_s"],
            "rollups_s": facts["rollups_s"],
            "files_mb": facts["files_mb"],
            "rss_mb": facts["copy_rss"],
        }
        | common,
        line("warehouse.refresh", "s", facts["refresh_s"], facts["copy_s"], 6)
        | {"changed": people, "idle_ms": facts["idle_ms"]},
        line("warehouse.refresh.scattered", "s", facts["scattered_s"], facts["copy_s"], 6) | {"changed": people},
        *walked,
    ]


def many(people: int) -> list[dict[str, Any]]:
    """Return the rows of so many people, one purchase and one event each: copied from PostgreSQL, counted beside a tenth of them."""
    facts: dict[int, dict[str, Any]] = {}
    for size in (people // 10, people):
        with tempfile.TemporaryDirectory(prefix="dialogue-bench-") as folder:
            Path(folder).chmod(0o711)
            environment = {**os.environ, "DIALOGUE_DATA": str(Path(folder) / "data")}
            facts[size] = {}
            # The count's memory is its own process's.
            for step in ("copy", "count"):
                command = [sys.executable, "-m", "bench.warehouse", step, str(size)]
                done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
                facts[size] |= json.loads(done.stdout.strip().splitlines()[-1])
    tenth, whole = facts[people // 10], facts[people]
    ratio = round(whole["count_ms"] / tenth["count_ms"], 2)
    told = {"people": people, "found": whole["found"], "copy_s": whole["copy_s"], "copy_tenth_s": tenth["copy_s"]}
    told |= {"copy_rate": whole["copy_rate"], "copy_rss_mb": whole["copy_rss"], "files_mb": whole["files_mb"]}
    counted = {"name": "segment.count.many", "value": whole["count_ms"], "unit": "ms", "baseline": tenth["count_ms"]}
    held = {"name": "segment.count.many.memory", "value": whole["rss_mb"], "unit": "MiB", "baseline": tenth["rss_mb"]}
    return [
        counted | {"ratio": ratio, "at_most": 12, "met": ratio <= 12} | told,
        held | {"ratio": round(whole["rss_mb"] / 4096, 3), "at_most": 4096, "met": whole["rss_mb"] <= 4096},
    ]


def line(name: str, unit: str, value: float, baseline: float, at_least: float) -> dict[str, Any]:
    """Return one measure in the house's form; of times the smaller is the better."""
    ratio = value / baseline if unit == "rows/s" else baseline / value
    found = {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": round(ratio, 2), "at_least": at_least}
    return found | {"met": ratio >= at_least}


def fill(owner: Any, tenant: int, people: int, *, each: int = 10, bare: bool = False) -> None:
    """Make the rows, `each` purchases and events a customer; indexes are made after them, and foreign keys are not asked.

    The rows are right by themselves. A `bare` table gets only the index that a refresh reads.
    """
    with owner.cursor() as cursor:
        kept = []
        for table in TABLES:
            cursor.execute(
                "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass"
                " AND NOT indisprimary AND NOT indisunique",
                [table],
            )
            kept += cursor.fetchall()
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for name, _made in kept:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY(%s::regclass[])",
            [list(TABLES)],
        )
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for sql in (PARTIES, PURCHASES, EVENTS):
            cursor.execute(sql.format(tenant=tenant, people=people, each=each))
        for _name, made in kept:
            if bare and "(tenant_id, version)" not in made:
                continue
            # The definition of a partitioned table's index names the parent alone.
            cursor.execute(made.replace(" ON ONLY ", " ON "))
        for sql in () if bare else EXTRA:
            cursor.execute(sql)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    owner.connection.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE parties_party, purchases_purchase, timeline_entry")


def to_nowhere(owner: Any, tenant: int) -> tuple[float, int]:
    """Return seconds and rows of COPY BINARY of the same tables' columns, thrown away."""
    from dialogue.platform.warehouse.marts import marts

    rows, begun = 0, time.perf_counter()
    with owner.cursor() as cursor:
        for mart in marts:
            columns = ", ".join(f'"{field.column}"' for field in mart.fields.values())
            with cursor.copy(
                f"COPY (SELECT {columns} FROM {mart.table} WHERE tenant_id = {tenant}) TO STDOUT (FORMAT binary)"
            ) as copy:
                for _block in copy:
                    pass
            rows += max(0, cursor.rowcount)
    return time.perf_counter() - begun, rows


def copy_many(people: int) -> dict[str, Any]:
    """In a process of the application: make narrow rows and copy them."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.conf import settings
    from django.db import connections, transaction

    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.warehouse.copying import copy_company

    bring_up_to_date()
    with transaction.atomic():
        company, _owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
    begun = time.perf_counter()
    fill(connections["owner"], company.pk, people, each=1, bare=True)
    print(f"filled {people} in {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)
    begun = time.perf_counter()
    copied = copy_company(company.pk)
    copy_s = time.perf_counter() - begun
    files = sum(one.stat().st_size for one in (Path(settings.WAREHOUSE_ROOT) / str(company.pk)).glob("*.parquet"))
    return {
        "copy_s": round(copy_s, 2),
        "copy_rate": round(copied.rows / copied.seconds["marts"]),
        "copy_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "files_mb": round(files / 1e6),
    }


def count_many(people: int) -> dict[str, Any]:
    """In another process of the application: count by the warehouse, and once by PostgreSQL to see that both say the same."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import connection, transaction
    from django.utils import timezone

    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope, without_tenant
    from dialogue.platform.criteria import warehousing
    from dialogue.platform.criteria.fields import Asking
    from dialogue.platform.tenants.models import Tenant

    with transaction.atomic(), without_tenant("the measurement opens its company by login"):
        tenant = Tenant.objects.get(login="bench").pk
    asking = Asking(system_actor(tenant), now=timezone.now())

    def count() -> int:
        with tenant_scope(tenant), transaction.atomic():
            return warehousing.count(RULE, asking).count

    count_ms, found = median_ms(count, ROUNDS), count()
    facts = {"count_ms": count_ms, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "found": found}
    words = words_of(tenant, asking.now)
    with tenant_scope(tenant), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BY_SETS.format(**words))
        exact = int(cursor.fetchone()[0])
    print(f"{people}: {facts}, by PostgreSQL {exact}", file=sys.stderr, flush=True)
    return facts if exact == found else facts | {"found": [found, exact]}


def words_of(tenant: int, now: datetime) -> dict[str, Any]:
    """Return what the statements written by hand are filled with."""
    cities = "ARRAY[" + ", ".join(f"'City {number}'" for number in range(40)) + "]"
    days = {"from90": now - timedelta(days=90), "from14": now - timedelta(days=14)}
    return {"tenant": tenant, "now": now, "cities": cities, **days}


def median_ms(call: Callable[[], Any], rounds: int) -> float:
    """Return the median of some calls after one that warms up."""
    call()
    took = []
    for _round in range(rounds):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return round(1000 * statistics.median(took), 1)


def after_change(owner: Any, tenant: int, tenth: int) -> float:
    """Change one purchase in ten; return the seconds of the refresh that follows."""
    from dialogue.platform.warehouse.copying import refresh_company

    with owner.cursor() as cursor:
        cursor.execute(f"UPDATE purchases_purchase SET amount = amount + 1 WHERE id % 10 = {tenth}")
    begun = time.perf_counter()
    refreshed = refresh_company(tenant)
    took = time.perf_counter() - begun
    print(f"refreshed {refreshed} in {took} s", file=sys.stderr, flush=True)
    return took


def measure(people: int) -> dict[str, Any]:
    """In a process of the application: make, copy, count, change, refresh."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.conf import settings
    from django.db import connection, connections, transaction
    from django.utils import timezone

    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.criteria import warehousing
    from dialogue.platform.criteria.fields import Asking
    from dialogue.platform.criteria.rules import matching
    from dialogue.platform.warehouse.copying import copy_company, refresh_company

    bring_up_to_date()
    with transaction.atomic():
        company, _owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
    tenant, owner = company.pk, connections["owner"]
    say = lambda words: print(words, file=sys.stderr, flush=True)  # noqa: E731
    fill(owner, tenant, people)
    say("filled")
    to_nowhere(owner, tenant)
    binary_s, rows = to_nowhere(owner, tenant)
    begun = time.perf_counter()
    copied = copy_company(tenant)
    copy_s = time.perf_counter() - begun
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    files = sum(one.stat().st_size for one in (Path(settings.WAREHOUSE_ROOT) / str(tenant)).glob("*.parquet"))
    say(f"copied {copied}")
    actor = system_actor(tenant)

    def count() -> int:
        with tenant_scope(tenant), transaction.atomic():
            return warehousing.count(RULE, Asking(actor, now=timezone.now())).count

    now = timezone.now()
    words = words_of(tenant, now)

    def asked(sql: str) -> int:
        with tenant_scope(tenant), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.format(**words))
            return int(cursor.fetchone()[0])

    def best() -> int:
        return asked(BEST)

    def by_sets() -> int:
        return asked(BY_SETS)

    def compiled() -> int:
        with tenant_scope(tenant), transaction.atomic():
            return int(matching("party", RULE, Asking(actor, now=now)).count())

    found = count(), best(), by_sets(), compiled()
    say(f"found {found}")
    count_ms, compiled_ms = median_ms(count, ROUNDS), median_ms(compiled, 3)
    best_ms = min(median_ms(best, 3), median_ms(by_sets, 3))
    refresh_s = after_change(owner, tenant, 3)
    idle_ms = median_ms(lambda: refresh_company(tenant), 5)
    with owner.cursor() as cursor:
        # The room of the rows that were replaced is given to those of the next change: they lie all over the table.
        cursor.execute("VACUUM ANALYZE purchases_purchase")
    scattered_s = after_change(owner, tenant, 4)
    return {
        "count_ms": count_ms,
        "postgresql_ms": min(best_ms, compiled_ms),
        "compiled_ms": compiled_ms,
        "found": found[0] if len(set(found)) == 1 else list(found),
        "copy_rate": round(rows / copied.seconds["marts"]),
        "binary_rate": round(rows / binary_s),
        "copy_s": round(copy_s, 2),
        "rollups_s": round(copied.seconds["rollups"], 2),
        "files_mb": round(files / 1e6),
        "copy_rss": rss,
        "refresh_s": round(refresh_s, 2),
        "scattered_s": round(scattered_s, 2),
        "idle_ms": idle_ms,
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    steps = {"copy": copy_many, "count": count_many}
    print(json.dumps(steps.get(sys.argv[1], measure)(int(sys.argv[-1]))))
