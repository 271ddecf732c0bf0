"""kill -9 of the copy and the refresh of the warehouse: readers keep the last good state, and the next run mends everything."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.machines import ROOT, clean_environment, dialogue

pytestmark = pytest.mark.slow
COPIES, REFRESHES = 5, 12
BEGIN = """
import os, sys, json, time, random
os.environ["DIALOGUE_DATA"] = FOLDER
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
import django
django.setup()
from django.db import connection, transaction
from dialogue.faces.command.companies import company_named
from dialogue.kit.scope import tenant_scope
from dialogue.platform.warehouse import store
from dialogue.platform.warehouse.copying import copy_company, refresh_company
from dialogue.platform.warehouse.errors import NotInWarehouse
from dialogue.platform.warehouse.reading import asking
company = company_named("rom").pk
"""
FILL = """
with tenant_scope(company), transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("INSERT INTO parties_party (tenant_id, created_at, updated_at, kind, name, legal_name, tax_number, last_name,"
        " first_name, middle_name, position, decision, sex, language, phase, phase_since, is_customer, is_supplier, external_id,"
        " country, region, city, note, characteristics, time_zone) SELECT %s, now(), now(), 'person', 'P ' || n, '', '', '', '', '', '', '', '', '',"
        " 'acquire', now(), true, false, '', '', '', '', '', '{}', '' FROM generate_series(1, 500) n", [company])
    cursor.execute("INSERT INTO purchases_purchase (tenant_id, created_at, updated_at, at, party_id, external_id, amount, currency,"
        " is_return, note) SELECT %s, now(), now(), now() - n * interval '1 minute', (SELECT min(id) FROM parties_party) + n %% 500, '',"
        " n %% 90, 'EUR', false, '' FROM generate_series(1, 60000) n", [company])
"""
# Says when it begins, and then does it again and again until it is killed.
COPY = """
print("begun", flush=True)
while True:
    copy_company(company)
"""
REFRESH = """
refresh_company(company)
print("begun", flush=True)
while True:
    refresh_company(company)
"""
# Writes as fast as it can, in transactions of which some are taken back; ends with its input.
WRITE = """
import threading
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
print("begun", flush=True)
while not stop.is_set():
    try:
        with tenant_scope(company), transaction.atomic(), connection.cursor() as cursor:
            some = "SELECT id FROM purchases_purchase WHERE tenant_id = %s ORDER BY md5(id::text || %s) LIMIT 20"
            salt = str(random.random())
            cursor.execute(f"UPDATE purchases_purchase SET amount = amount + 1, at = at + interval '1 hour' WHERE id IN ({some})", [company, salt])
            cursor.execute(f"DELETE FROM purchases_purchase WHERE id IN (SELECT id FROM ({some}) found LIMIT 3)", [company, salt + "x"])
            cursor.execute("INSERT INTO purchases_purchase (tenant_id, created_at, updated_at, at, party_id, external_id, amount, currency,"
                " is_return, note) SELECT tenant_id, now(), now(), now(), party_id, '', 7, 'EUR', false, '' FROM purchases_purchase"
                " WHERE tenant_id = %s LIMIT 4", [company])
            if random.random() < 0.2:
                raise KeyError
    except KeyError:
        pass
    time.sleep(0.01)
"""
# Answers each line with what the warehouse says of itself, and at the end what PostgreSQL says.
READ = """
ROWS = "SELECT count(*), count(DISTINCT id), sum(amount)::bigint FROM purchase"
SUMS = "SELECT sum(n)::bigint, sum(total)::bigint FROM "
for line in sys.stdin:
    try:
        with asking(company) as (manifest, cursor):
            said = [cursor.execute(ROWS).fetchall()[0], cursor.execute(SUMS + "spend").fetchall()[0],
                cursor.execute(SUMS + "activity").fetchall()[0]]
            folder = store.folder_of(company)
            here = sorted(one.name for one in folder.iterdir() if not one.name.startswith("held-"))
            print(json.dumps({"said": said, "as_of": manifest.as_of, "here": here, "named": sorted(manifest.files)}), flush=True)
    except NotInWarehouse:
        print(json.dumps({}), flush=True)
with tenant_scope(company), transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT count(*), sum((amount * 10000)::bigint)::bigint FROM purchases_purchase")
    print(json.dumps(cursor.fetchone()), flush=True)
"""


class Snippets:
    """Processes of one installation, each with its own piece of code."""

    def __init__(self, data: Path) -> None:
        self.begin = BEGIN.replace("FOLDER", repr(str(data)), 1)

    def start(self, words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", self.begin + words],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", self.begin + words],
            cwd=ROOT,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def kill_in_the_middle(self, words: str, after: float) -> None:
        """Start, wait until it begins its work, and kill it some time later."""
        one = self.start(words)
        assert one.stdout
        assert one.stdout.readline().strip() == "begun"
        time.sleep(after)
        one.send_signal(signal.SIGKILL)
        one.communicate()


def ask(reader: subprocess.Popen[str]) -> dict[str, Any]:
    assert reader.stdin
    assert reader.stdout
    reader.stdin.write("and now\n")
    reader.stdin.flush()
    found: dict[str, Any] = json.loads(reader.stdout.readline())
    if found:
        (rows, ids, amount), spend, activity = found["said"]
        assert rows == ids
        assert spend == activity == [rows, amount]
    return found


def test_killed_copy_and_refresh_leave_the_last_good_warehouse(data: Path) -> None:
    made = dialogue("company", "create", "Ромашка", "--login", "rom", "--owner", "a@example.org", "--data", str(data))
    assert made.returncode == 0, made.stderr
    chance, snippets = random.Random(3), Snippets(data)
    reader = snippets.start(READ)
    snippets.run(FILL)
    seen = set()
    for _turn in range(COPIES):
        snippets.kill_in_the_middle(COPY, chance.random() * 0.6)
        seen.add(ask(reader).get("as_of", ""))
    snippets.run("copy_company(company)")
    writer = snippets.start(WRITE)
    moments = [ask(reader)["as_of"]]
    for turn in range(REFRESHES):
        snippets.kill_in_the_middle(COPY if turn % 5 == 4 else REFRESH, chance.random() * 0.8)
        moments.append(ask(reader)["as_of"])
    assert moments == sorted(moments)
    assert len(set(moments)) > REFRESHES // 2
    writer.communicate("enough\n", timeout=60)
    snippets.run("assert refresh_company(company) is not None")
    last = ask(reader)
    assert [name for name in last["here"] if name != "manifest.json"] == last["named"]
    rest, _errors = reader.communicate(timeout=60)
    count, amount = json.loads(rest)
    assert last["said"][0] == [count, count, amount]
