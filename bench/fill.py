"""A process of the application for the measurements: `keep` holds the database, `fill` makes the rows.

python -m bench.fill keep          starts the embedded database, migrates, prints facts, ends with its input
python -m bench.fill fill P D      makes P customers and D deals by the batch actions, prints seconds
python -m bench.fill queries URL…  asks for pages as the owner, prints how many statements the last time of three took
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from decimal import Decimal
from typing import Any

BATCH = 1000
FIRST = ["Анна", "Борис", "Ion", "Ștefania", "Taras", "Юлія", "Max", "Olga"]
LAST = ["Ковальчук", "Сидоров", "Țurcanu", "Popescu", "Шевченко", "Smith", "Brown", "Dulikov"]


def start() -> None:
    """Open Django."""
    from dialogue.faces.command.main import start_django

    start_django()


def keep() -> None:
    """Hold the database until the parent closes our input."""
    start()
    from django.conf import settings
    from django.db import transaction
    from django.test import Client

    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.accounts.actions import create_company, make_key
    from dialogue.platform.accounts.members import member_actor
    from dialogue.platform.embedded.server import server_for

    server = server_for(settings.DATA)
    server.start()
    try:
        bring_up_to_date()
        company, owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
        with tenant_scope(company.pk), transaction.atomic():
            by = member_actor(owner)
            assert by is not None
            _key, secret = make_key("bench", by=by, scopes=["*"])
        client = Client()
        client.force_login(owner)
        name = settings.SESSION_COOKIE_NAME
        facts = {
            "login": company.login,
            "cookie": name,
            "session": client.cookies[name].value,
            "key": secret,
        }
        print(json.dumps(facts), flush=True)
        sys.stdin.readline()
    finally:
        server.stop()


def party(number: int) -> Any:
    """Return the draft of one customer."""
    from dialogue.customers.parties.drafts import Contact, NewParty

    return NewParty(
        first_name=FIRST[number % 8],
        last_name=f"{LAST[number // 8 % 8]} {number:06d}",
        contacts=[Contact("email", f"c{number}@example.org"), Contact("phone", f"+37360{number:06d}")],
        address={"city": f"City {number % 200}", "street": f"{number} Main st"},
    )


def fill(parties: int, deals: int) -> None:
    """Make the rows in batches and print how long it took."""
    start()
    from django.db import connections, transaction

    from dialogue.customers.parties.bulk import create_parties
    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope, without_tenant
    from dialogue.platform.tenants.models import Tenant
    from dialogue.selling.deals.batches import create_deals
    from dialogue.selling.deals.drafts import NewDeal
    from dialogue.selling.deals.models import Stage

    with transaction.atomic(), without_tenant("the measurement opens its company by login"):
        company = Tenant.objects.get(login="bench")
    chance = random.Random(7)  # noqa: S311  a fixed seed makes rounds comparable
    by = system_actor(company.pk)
    with tenant_scope(company.pk):
        begun, ids = time.perf_counter(), []
        for start_at in range(0, parties, BATCH):
            with transaction.atomic():
                ids += create_parties([party(number) for number in range(start_at, min(parties, start_at + BATCH))], by=by)
        party_seconds = time.perf_counter() - begun
        with transaction.atomic():
            stages = list(Stage.objects.values_list("pk", flat=True)[:4])
        begun = time.perf_counter()
        for start_at in range(0, deals, BATCH):
            drafts = [
                NewDeal(
                    title=f"Deal {number:06d}",
                    stage=chance.choice(stages),
                    contact=chance.choice(ids) if ids else None,
                    budget=Decimal(chance.randrange(100, 100_000)),
                    currency="EUR",
                )
                for number in range(start_at, min(deals, start_at + BATCH))
            ]
            with transaction.atomic():
                create_deals(drafts, by=by)
        deal_seconds = time.perf_counter() - begun
    with connections["owner"].cursor() as cursor:
        # What autovacuum does within minutes of so many new rows; the peer's run is long enough for it to come by itself.
        cursor.execute("VACUUM (ANALYZE)")
    facts = {"parties": parties, "deals": deals, "parties_per_s": round(parties / party_seconds)}
    print(json.dumps(facts | {"deals_per_s": round(deals / max(0.001, deal_seconds))}), flush=True)


def queries(paths: list[str]) -> None:
    """Print how many statements each page asks of the database once the process knows the company."""
    start()
    from django.db import connection, transaction
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from dialogue.kit.scope import without_tenant
    from dialogue.platform.accounts.models import User

    with transaction.atomic(), without_tenant("the measurement signs in by e-mail"):
        owner = User.objects.get(email="bench@example.org")
    client = Client()
    client.force_login(owner)
    found = {}
    for path in paths:
        for _time in range(3):
            with CaptureQueriesContext(connection) as asked:
                client.get(path)
        found[path] = sum(not one["sql"].startswith(("BEGIN", "COMMIT")) for one in asked.captured_queries)
    print(json.dumps(found))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    if sys.argv[1] == "keep":
        keep()
    elif sys.argv[1] == "queries":
        queries(sys.argv[2:])
    else:
        fill(int(sys.argv[2]), int(sys.argv[3]))
