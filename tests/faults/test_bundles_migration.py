"""Letters of an older version: narrow rows, then bundles with the migration and rows again without it; none is lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machines import ROOT, clean_environment

pytestmark = pytest.mark.slow
PROGRAM = """
import json, sys
import django
django.setup()
from datetime import datetime, timedelta, timezone
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from dialogue.faces.command import database

database.prepare()
owner = connections["owner"]
BEFORE, AFTER, TENANT = "0004_tidy_deliveries_often", "0005_letters_wait_in_bundles", 7
DUE = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)

def migrated(name):
    MigrationExecutor(owner).migrate([("channels", name)])
    return MigrationExecutor(owner).loader.project_state([("channels", name)]).apps

def rows(apps, name):
    return apps.get_model("channels", name)._base_manager.using("owner").order_by("id")

def letters(apps):
    return list(rows(apps, "Delivery").values_list("id", "party_id", "address", "variant", "state", "attempts"))

apps = migrated("0002_fences")
first = apps.get_model("parties", "Party")._base_manager.using("owner").create(tenant_id=TENANT, kind="person", name="First")
rows(apps, "Delivery").bulk_create([rows(apps, "Delivery").model(
    tenant_id=TENANT, cause_kind="order", cause_id=1, party_id=first.pk, channel="email", purpose="service",
    address="first@example.org", state="accepted",
)])
apps = migrated(BEFORE)
said = {"narrow": letters(apps)}
rows(apps, "Delivery").delete()
people = [apps.get_model("parties", "Party")(tenant_id=TENANT, kind="person", name=f"P{n}") for n in range(255)]
people = apps.get_model("parties", "Party")._base_manager.using("owner").bulk_create(people)
mailings = rows(apps, "Mailing").bulk_create(
    [rows(apps, "Mailing").model(tenant_id=TENANT, title=f"M{n}", cause_kind="campaign", cause_id=n, channel="email", purpose="marketing")
     for n in (1, 2)]
)
made = []
for n, person in enumerate(people):
    state, tried = "planned", 0
    if n == 250: state = "reserved"
    if n == 251: state = "accepted"
    if n == 252: tried = 1
    made.append(rows(apps, "Delivery").model(
        tenant_id=TENANT, mailing_id=mailings[n == 253].pk, party_id=person.pk, address=f"p{n}@example.org", state=state,
        attempts=tried, variant="b" if n % 2 else "a", due_at=None if n == 251 else DUE + timedelta(hours=n == 254),
        settled_at=DUE if n == 251 else None,
    ))
rows(apps, "Delivery").bulk_create(made)
said["before"] = letters(apps)
apps = migrated(AFTER)
said["left"] = letters(apps)
said["bundles"] = [list(one) for one in rows(apps, "Bundle").values_list("tenant_id", "mailing_id", "state", "size")]
said["letters"] = sorted(pair for one in rows(apps, "Bundle") for pair in zip(one.letters, one.parties, one.addresses, one.variants))
handed = rows(apps, "Bundle").filter(size=50).get()
said["handed"] = sorted(handed.letters)
rows(apps, "Bundle").filter(pk=handed.pk).update(state="handed", lease_until=DUE)
apps = migrated(BEFORE)
said["back"] = letters(apps)
apps = migrated(AFTER)
said["again"] = [rows(apps, "Bundle").count(), rows(apps, "Delivery").count()]
owner.close()
print(json.dumps(said, default=str))
"""


def test_letters_move_into_bundles_and_back_with_what_they_are(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=clean_environment(DIALOGUE_DATA=str(folder / "data"), DJANGO_SETTINGS_MODULE="dialogue.settings"),
        cwd=ROOT, text=True, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert [(row[2], row[4]) for row in said["narrow"]] == [("first@example.org", "accepted")]
    before = {row[0]: row for row in said["before"]}
    # What was accepted or tried before keeps its row.
    assert [(row[4], row[5]) for row in said["left"]] == [("accepted", 0), ("planned", 1)]
    assert sorted((state, size) for _tenant, _mailing, state, size in said["bundles"]) == [
        ("planned", 1), ("planned", 1), ("planned", 50), ("planned", 100), ("planned", 100), ("reserved", 1),
    ]  # fmt: skip
    assert {tenant for tenant, _mailing, _state, _size in said["bundles"]} == {7}
    assert len(said["letters"]) == 253
    assert all(letter == before[letter[0]][:4] for letter in said["letters"])
    # Back: the same rows; what was with the server is unknown, as after a lost worker.
    handed = set(said["handed"])
    back = {row[0]: row for row in said["back"]}
    assert back.keys() == before.keys()
    for key, row in back.items():
        assert row == [*before[key][:4], "unknown" if key in handed else before[key][4], before[key][5]]
    assert said["again"] == [5, 52]
