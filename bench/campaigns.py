"""`campaign.freeze`: how fast a million people are decided about, with policy, hold-out and arms, and their letters planned.

Every customer has an address and most a consent; a part is on the stop list, shares an address, was written to lately. The
limit is the product's own; beside it stands what writing as many narrow rows without deciding anything takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.client import ROOT
from bench.segments import PEOPLE

CUSTOMERS, SMALL = 1_000_000, 100_000
FREEZE_S = 30.0
POINTS = """
INSERT INTO parties_contactpoint (tenant_id, created_at, updated_at, party_id, kind, value, normal, label, is_primary, bad_at)
SELECT p.tenant_id, now(), now(), p.id, 'email', a.name, a.name, '', true, CASE WHEN p.id %% 50 = 3 THEN now() END
FROM parties_party p, LATERAL (SELECT 'p' || (p.id - (p.id %% 100 = 7)::int) || '@example.org' AS name) a WHERE p.tenant_id = %s
"""
CONSENTS = """
INSERT INTO parties_consent (tenant_id, party_id, channel, purpose, state, at, source, wording, evidence, by_label)
SELECT tenant_id, id, 'email', 'marketing', CASE WHEN id %% 20 = 5 THEN 'withdrawn' ELSE 'given' END, now(), '', '', '{}'::jsonb, ''
FROM parties_party WHERE tenant_id = %s AND id %% 10 <> 9
"""
LATELY = """
INSERT INTO channels_delivery (tenant_id, party_id, due_at, settled_at, code, attempts, stayed, channel, purpose, state, address,
    reason, answer)
SELECT p.tenant_id, p.id, NULL, now() - n * interval '1 day', 250, 1, false, 'email', 'marketing', 'accepted', '', '', ''
FROM parties_party p, generate_series(1, 3) n WHERE p.tenant_id = %s AND (n < 3 OR p.id %% 10 = 1) AND p.id %% 2 = 1
"""
BARE = (
    "CREATE TEMP TABLE bare AS SELECT tenant_id, 1::bigint AS run_id, id AS party_id, id AS point_id, 1::smallint AS decision,"
    " 0::smallint AS reason, 'a'::varchar AS arm FROM parties_party WHERE tenant_id = %s ORDER BY id;"
)


def rows(*, small: bool = False) -> list[dict[str, Any]]:
    """Return the rows: the freeze with its limit, and the letters planned from it."""
    people = int(os.environ.get("BENCH_PEOPLE", SMALL if small else CUSTOMERS))
    with tempfile.TemporaryDirectory(prefix="dialogue-bench-") as folder:
        Path(folder).chmod(0o711)
        environment = {**os.environ, "DIALOGUE_DATA": str(Path(folder) / "data")}
        command = [sys.executable, "-m", "bench.campaigns", str(people)]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        facts = json.loads(done.stdout.strip().splitlines()[-1])
    seconds, plain = facts.pop("freeze_s"), facts.pop("plain_s")
    return [
        {
            "name": "campaign.freeze",
            "value": seconds,
            "unit": "s",
            "baseline": plain,
            "ratio": round(seconds / plain, 2),
            "at_most": FREEZE_S * people / CUSTOMERS,
            "met": seconds <= FREEZE_S * people / CUSTOMERS,
            **facts,
        }
    ]


def fill(tenant: int, people: int) -> None:
    """Make the people, their addresses, consents, letters of the last days and the stop list."""
    from django.db import connections

    from dialogue.customers.channels.models import suppression_key

    with connections["owner"].cursor() as cursor:
        for table in ("parties_party", "parties_contactpoint", "parties_consent", "channels_delivery"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(PEOPLE, [tenant, people])
        for sql in (POINTS, CONSENTS, LATELY):
            cursor.execute(sql, [tenant])
        keys = [suppression_key("email", f"p{number * 997}@example.org") for number in range(1, people // 1000)]
        cursor.execute(
            "INSERT INTO channels_suppression (tenant_id, channel, purpose, key, hint, reason, at, by_label, evidence)"
            " SELECT %s, 'email', '', key, 'example.org', 'unsubscribed', now(), '', '' FROM unnest(%s::text[]) key"
            " ON CONFLICT DO NOTHING",
            [tenant, keys],
        )
        for table in ("parties_party", "parties_contactpoint", "parties_consent", "channels_delivery"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(f"ANALYZE {table}")


def measure(people: int) -> dict[str, Any]:
    """In a process of the application: freeze everybody, plan the letters, count for the dialog; return seconds and counts."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import connection, connections, transaction

    from dialogue.customers.channels.mailings import open_mailing, plan_deliveries
    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope
    from dialogue.marketing.campaigns.actions import choose_segments, create_campaign
    from dialogue.marketing.campaigns.freezing import count_audience, freeze_people
    from dialogue.marketing.campaigns.launching import letters_sql
    from dialogue.marketing.campaigns.models import Run
    from dialogue.marketing.segments.actions import create_segment
    from dialogue.marketing.segments.models import Segment
    from dialogue.platform.accounts.actions import create_company

    bring_up_to_date()
    with transaction.atomic():
        company, _owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
    with tenant_scope(company.pk):
        fill(company.pk, people)
        by = system_actor(company.pk)
        with transaction.atomic():
            segment = create_segment("All", {"field": "kind", "is": "person"}, by=by)
            Segment.objects.filter(pk=segment.pk).update(size=people)
            row = create_campaign("All", by=by, test="subject")
            choose_segments(row, [segment.code], by=by)
        times: dict[str, float] = {}
        with Timed(times, "plain_s"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BARE, [company.pk])
        with Timed(times, "dialog_s"), transaction.atomic():
            count_audience(row)
        with Timed(times, "freeze_s"), transaction.atomic():
            run = Run.objects.create(campaign=row, seed="bench")
            counted = freeze_people(row, run)
        with Timed(times, "plan_s"), transaction.atomic():
            mailing = open_mailing("campaign", run.pk, title="All", by=by)
            planned = plan_deliveries(mailing, letters_sql(row, run, company), by=by)
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT pg_total_relation_size('campaigns_person')")
            size = cursor.fetchone()[0]
    reasons = {str(int(reason)): count for reason, count in sorted(counted.reasons.items())}
    return times | {
        "people": counted.total,
        "included": counted.included,
        "held_out": counted.held_out,
        "reasons": reasons,
        "planned": planned,
        "bytes_a_person": round(size / counted.total),
    }


class Timed:
    """Notes how long a block takes, in seconds."""

    def __init__(self, times: dict[str, float], name: str) -> None:
        self.times, self.name = times, name

    def __enter__(self) -> None:
        self.begun = time.monotonic()

    def __exit__(self, *_error: object) -> None:
        self.times[self.name] = round(time.monotonic() - self.begun, 2)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))) + "\n")
