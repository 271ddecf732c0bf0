"""`import.copy`: how fast a file becomes purchases, beside plain COPY of the same cells into a bare table.

Ours reads, checks, matches customers and products, writes purchases, lines, timeline, the outcome of every row and the journal
for the undo; COPY writes the cells and nothing else. The share says what all of that costs.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.client import ROOT

ROWS, SMALL = 200_000, 20_000
HEADER = ("number", "when", "product code", "product name", "quantity", "price", "customer id")


def write_file(path: Path, rows: int) -> None:
    """Write lines of purchases as a till would: ten lines a purchase, a fifth of them anonymous."""
    chance = random.Random(11)  # noqa: S311  a fixed seed makes rounds comparable
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for number in range(rows):
            purchase = number // 10
            code = chance.randrange(4000)
            customer = purchase % 4000 if purchase % 5 else ""
            price = f"{chance.randrange(1, 9999) / 100:.2f}"
            day = f"2011-{purchase % 12 + 1:02d}-{purchase % 28 + 1:02d} 10:00"
            writer.writerow((f"P{purchase}", day, f"A{code}", f"Product {code}", chance.randrange(1, 20), price, customer))


def import_copy(*, small: bool = False) -> dict[str, Any]:
    """Return the row: rows a second of ours, of plain COPY, and the share."""
    rows = SMALL if small else ROWS
    with tempfile.TemporaryDirectory(prefix="dialogue-bench-") as folder:
        place = Path(folder)
        place.chmod(0o711)
        write_file(place / "purchases.csv", rows)
        environment = {**os.environ, "DIALOGUE_DATA": str(place / "data")}
        command = [sys.executable, "-m", "bench.imports", str(place / "purchases.csv")]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        facts = json.loads(done.stdout.strip().splitlines()[-1])
    ours, plain = rows / facts["import_s"], rows / facts["copy_s"]
    return {
        "name": "import.copy",
        "value": round(ours),
        "unit": "rows/s",
        "baseline": round(plain),
        "ratio": round(ours / plain, 4),
        "rows": rows,
        "cpu_us_per_row": round(1e6 * facts["import_cpu_s"] / rows, 1),
        "undo_s": round(facts["undo_s"], 2),
    }


def measure(file: Path) -> dict[str, float]:
    """In a process of the application: copy plainly, import, undo; return seconds."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import connections, transaction

    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.imports import actions
    from dialogue.platform.imports.running import run_import
    from dialogue.platform.imports.storage import blocks_of
    from dialogue.platform.imports.undoing import run_undo
    from dialogue.platform.jobs.kinds import JobRun
    from dialogue.platform.jobs.models import Job

    bring_up_to_date()
    with transaction.atomic():
        company, _owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
    facts = {"copy_s": plain_copy(connections["owner"], file)}
    with tenant_scope(company.pk):
        by = system_actor(company.pk)
        begun, cpu = time.perf_counter(), time.process_time()
        with transaction.atomic():
            run = actions.prepare_import(blocks_of(file), name=file.name, kind="purchases", by=by)
            run = actions.start_import(run, by=by, inline=True)
            job = Job.objects.get(pk=run.job)
        run_import(JobRun(job), run.pk)
        facts |= {"import_s": time.perf_counter() - begun, "import_cpu_s": time.process_time() - cpu}
        begun = time.perf_counter()
        with transaction.atomic():
            actions.undo_import(run, by=by, inline=True)
        run_undo(run.pk)
        facts["undo_s"] = time.perf_counter() - begun
    return facts


def plain_copy(owner: Any, file: Path) -> float:
    """Return the seconds of COPY of the file's cells into a bare table."""
    with owner.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_copy (number text, at timestamp, code text, name text, quantity numeric, price numeric, customer text)"
        )
        begun = time.perf_counter()
        with cursor.copy("COPY bench_copy FROM STDIN (FORMAT csv, HEADER)") as copy, file.open("rb") as stream:
            while block := stream.read(1 << 20):
                copy.write(block)
        seconds = time.perf_counter() - begun
        cursor.execute("DROP TABLE bench_copy")
    return seconds


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    print(json.dumps(measure(Path(sys.argv[1]))))
