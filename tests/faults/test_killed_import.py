"""kill -9 in the middle of an import: what was committed stays, nothing is loaded twice, the next command goes on."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.machines import COMMAND, ROOT, clean_environment, dialogue, until

pytestmark = pytest.mark.slow
ROWS = 30_000


def test_killed_command_goes_on_and_loads_every_row_once(data: Path, folder: Path) -> None:
    made = dialogue("company", "create", "Ромашка", "--login", "rom", "--owner", "a@example.org", "--data", str(data))
    assert made.returncode == 0, made.stderr
    file = folder / "people.csv"
    lines = (f"Имя {number};p{number}@example.org;+7920{number:07d}" for number in range(ROWS))
    file.write_text("ФИО;Почта;Телефон\n" + "\n".join(lines), encoding="utf-8")
    words = ["import", str(file), "--company", "rom", "--as", "people", "--json", "--data", str(data)]
    progress = folder / "progress"
    with progress.open("w") as told:
        running = subprocess.Popen([*COMMAND, *words], cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, stderr=told)
        until(lambda: any(mark.startswith(("5000 ", "10000 ")) for mark in progress.read_text().splitlines()), seconds=60)
        running.send_signal(signal.SIGKILL)
        running.communicate()
    again = dialogue(*words)
    assert again.returncode == 0, again.stderr
    assert "Going on with import" in again.stderr
    said = json.loads(again.stdout)
    assert (said["rows"], said["created"], said["refused"]) == (ROWS, ROWS, 0)
    undone = dialogue("undo", str(said["import"]), "--json", "--data", str(data))
    assert json.loads(undone.stdout) == {
        "import": said["import"],
        "removed": ROWS,
        "restored": 0,
        "kept": 0,
        "not_undone": [],
    }
