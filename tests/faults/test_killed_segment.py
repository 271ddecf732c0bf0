"""kill -9 in the middle of filling a segment: nobody is half in, the segment stays as it was, and the next filling is whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machines import COMMAND, ROOT, clean_environment, dialogue

pytestmark = pytest.mark.slow
ROWS = 2_000
BEGIN = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
import django
django.setup()
from django.db import connection, transaction
from dialogue.faces.command.companies import company_named
from dialogue.kit.actors import system_actor
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.models import Membership, Segment
company = company_named("rom")
"""
MAKE = """
with tenant_scope(company.pk), transaction.atomic():
    made = create_segment("All", {"any": []}, by=system_actor(company.pk))
    Segment.objects.filter(pk=made.pk).update(tree={"all": []})
"""
# Holds the segment's row, so that a filling has written its people and waits to note how it ended.
HOLD = """
import time
with tenant_scope(company.pk), transaction.atomic():
    Segment.objects.select_for_update().get()
    print("held", flush=True)
    for _turn in range(1200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                break
        time.sleep(0.05)
    print("waits", flush=True)
    sys.stdin.readline()
"""
COUNT = """
with tenant_scope(company.pk), transaction.atomic():
    print(Membership.objects.count(), Segment.objects.get().size)
"""


def snippet(words: str, data: Path) -> list[str]:
    return [
        sys.executable,
        "-c",
        BEGIN.replace("import os, sys", f"import os, sys; os.environ['DIALOGUE_DATA'] = {str(data)!r}", 1) + words,
    ]


def run(words: str, data: Path) -> str:
    done = subprocess.run(
        snippet(words, data), cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_killed_filling_leaves_the_segment_as_it_was(data: Path, folder: Path) -> None:
    made = dialogue("company", "create", "Ромашка", "--login", "rom", "--owner", "a@example.org", "--data", str(data))
    assert made.returncode == 0, made.stderr
    file = folder / "people.csv"
    file.write_text(
        "ФИО;Почта\n" + "\n".join(f"Имя {number};p{number}@example.org" for number in range(ROWS)), encoding="utf-8"
    )
    loaded = dialogue("import", str(file), "--company", "rom", "--as", "people", "--json", "--data", str(data))
    assert loaded.returncode == 0, loaded.stderr
    run(MAKE, data)
    fill = ["segment", "fill", "all", "--company", "rom", "--json", "--data", str(data)]
    holder = subprocess.Popen(
        snippet(HOLD, data), cwd=ROOT, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline().strip() == "held"
        filling = subprocess.Popen([*COMMAND, *fill], cwd=ROOT, env=clean_environment(), stdout=subprocess.DEVNULL)
        assert holder.stdout.readline().strip() == "waits"
        filling.send_signal(signal.SIGKILL)
        filling.wait()
    finally:
        holder.communicate("go on\n", timeout=60)
    assert run(COUNT, data) == "0 0"
    again = dialogue(*fill)
    assert again.returncode == 0, again.stderr
    said = json.loads(again.stdout)
    assert (said["size"], said["joined"], said["left"]) == (ROWS, ROWS, 0)
    assert run(COUNT, data) == f"{ROWS} {ROWS}"
