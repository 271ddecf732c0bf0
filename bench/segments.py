"""`segments`: how fast a rule becomes a stored membership of 750,000, and follows a change of one customer in a hundred.

The limits are the product's own, in seconds; beside them stands what writing the same ids into a bare table takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.client import ROOT

CUSTOMERS, SMALL = 1_000_000, 100_000
FIRST_FILL_S, REFILL_S, TURNS = 10.0, 3.0, 3
PEOPLE = """
INSERT INTO parties_party (tenant_id, created_at, updated_at, kind, name, legal_name, tax_number, last_name, first_name,
    middle_name, position, decision, sex, language, phase, phase_since, is_customer, is_supplier, external_id, country, region,
    city, note, characteristics, time_zone)
SELECT %s, now() - n * interval '1 second', now(), 'person', 'Person ' || n, '', '', 'Last ' || n, 'First', '', '', '', '', '',
    'acquire', now(), true, false, 'N' || n, 'RO', '', CASE WHEN n %% 4 <> 0 THEN 'Cluj' ELSE 'Iași' END, '', '{}'::jsonb,
    CASE n %% 8 WHEN 1 THEN 'Europe/Lisbon' WHEN 2 THEN 'Asia/Tokyo' ELSE '' END
FROM generate_series(1, %s) n
"""
MOVED = (
    "UPDATE parties_party SET city = CASE city WHEN 'Cluj' THEN 'Iași' ELSE 'Cluj' END WHERE tenant_id = %s AND id %% 100 = 7"
)


def rows(*, small: bool = False) -> list[dict[str, Any]]:
    """Return the rows: first filling and the one after a change, each with its limit."""
    with tempfile.TemporaryDirectory(prefix="dialogue-bench-") as folder:
        Path(folder).chmod(0o711)
        environment = {**os.environ, "DIALOGUE_DATA": str(Path(folder) / "data")}
        command = [sys.executable, "-m", "bench.segments", str(SMALL if small else CUSTOMERS)]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        facts = json.loads(done.stdout.strip().splitlines()[-1])
    return [
        _row("segments.first_fill", facts["first_s"], facts["plain_s"], FIRST_FILL_S, facts["people"]),
        _row("segments.refill", facts["refill_s"], facts["plain_s"], REFILL_S, facts["moved"]),
    ]


def _row(name: str, seconds: float, plain: float, limit: float, people: int) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(seconds, 2),
        "unit": "s",
        "baseline": round(plain, 2),
        "ratio": round(seconds / plain, 2),
        "at_most": limit,
        "met": seconds <= limit,
        "people": people,
    }


def measure(customers: int) -> dict[str, Any]:
    """In a process of the application: fill, change one in a hundred, fill again; return seconds."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import connections, transaction

    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope
    from dialogue.marketing.segments.actions import create_segment
    from dialogue.marketing.segments.models import Segment
    from dialogue.marketing.segments.rebuilding import rebuild_segment
    from dialogue.platform.accounts.actions import create_company

    bring_up_to_date()
    with transaction.atomic():
        company, _owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
    with tenant_scope(company.pk):
        by = system_actor(company.pk)
        with transaction.atomic():
            row = create_segment("Cluj", {"any": []}, by=by)
            Segment.objects.update(tree={"field": "city", "is": "Cluj"})
        owner = connections["owner"]
        with owner.cursor() as cursor:
            cursor.execute(PEOPLE, [company.pk, customers])
            cursor.execute("VACUUM ANALYZE parties_party")
            cursor.execute("CREATE TABLE bench_ids (tenant_id bigint, segment_id bigint, party_id bigint, since timestamptz)")
            begun = time.perf_counter()
            cursor.execute("INSERT INTO bench_ids SELECT tenant_id, 1, id, now() FROM parties_party WHERE city = 'Cluj'")
            plain = time.perf_counter() - begun
        took = []
        for _turn in range(TURNS):
            with owner.cursor() as cursor:
                # Empty each time: after the loading the database still writes its pages, so the middle one counts.
                cursor.execute("TRUNCATE segments_membership")
            begun = time.perf_counter()
            first = rebuild_segment(row, by=by)
            took.append(time.perf_counter() - begun)
        first_s = median(took)
        with owner.cursor() as cursor:
            cursor.execute(MOVED, [company.pk])
        begun = time.perf_counter()
        again = rebuild_segment(row, by=by)
        refill_s = time.perf_counter() - begun
    return {
        "first_s": first_s,
        "refill_s": refill_s,
        "plain_s": plain,
        "people": first.size,
        "moved": again.joined + again.left,
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    print(json.dumps(measure(int(sys.argv[1]))))
