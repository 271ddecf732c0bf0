"""kill -9 of the worker, the database and the mail server while a mailing goes: nothing goes twice, nothing is lost unseen."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from dialogue.customers.channels.claims import BULK_WINDOW
from dialogue.kit.ports import free_port
from tests.faults.test_killed_sender import _environment, _spoke
from tests.machines import ROOT, dialogue, until

pytestmark = pytest.mark.slow
# A hundred on demand: DIALOGUE_KILLS=100.
KILLS = int(os.environ.get("DIALOGUE_KILLS", "24"))
LETTERS_PER_KILL = 150


class RememberingSink:
    """The mail server's process and what it took."""

    def __init__(self, file: Path) -> None:
        self.file, self.port = file, free_port()
        file.touch()
        self.start()

    def start(self) -> None:
        """Begin on the same port, what was taken remembered."""
        words = [sys.executable, "-m", "tests.faults.remembering_sink", str(self.port), str(self.file)]
        self.process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    @property
    def letters(self) -> list[tuple[str, str]]:
        """Recipient and Message-ID of what was taken."""
        return [tuple(line.split()) for line in self.file.read_text().splitlines() if line.count(" ") == 1]  # type: ignore[misc]


def test_killed_mailings_repeat_no_letter_and_lose_none(data: Path, tmp_path: Path) -> None:
    made = dialogue("company", "create", "Ромашка", "--login", "rom", "--owner", "a@example.org", "--data", str(data))
    assert made.returncode == 0, made.stderr
    chance = random.Random(int(os.environ.get("DIALOGUE_KILLS_SEED", "11")))
    letters = KILLS * LETTERS_PER_KILL
    kept = RememberingSink(tmp_path / "taken")
    unknown_before, table = 0, []
    try:
        _spoke(data, "mailing", str(kept.port), str(letters))
        for number in range(KILLS):
            what = ("worker", "database", "sink")[number % 3]
            before, unknown = len(kept.letters), 0
            sender = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.letters", "send"],
                cwd=ROOT, env=_environment(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            assert sender.stdout is not None
            said = sender.stdout.readline()
            unknown = json.loads(said)["unknown"] if said else unknown_before
            if table:
                table[-1]["unknown"] = unknown - unknown_before
            unknown_before = unknown
            more = chance.randrange(1, LETTERS_PER_KILL)
            until(lambda: len(kept.letters) > before + more or sender.poll() is not None)  # noqa: B023
            time.sleep(chance.random() / 20)
            alive = sender.poll() is None
            if what == "worker":
                sender.kill()
            elif what == "database":
                os.kill(int((data / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            else:
                kept.kill()
            if what == "sink":
                sender.communicate(timeout=60)
                kept.start()
            else:
                sender.communicate(timeout=60)
            table.append({"killed": what, "in flight": alive, "taken": len(kept.letters) - before, "unknown": 0})
        _spoke(data, "send")
        found = json.loads(_spoke(data, "states"))
    finally:
        kept.kill()
    _told(table, found, kept, letters)
    sent = Counter(kept.letters)
    assert max(sent.values()) == 1, [one for one, number in sent.items() if number > 1]
    assert max(Counter(message for _address, message in kept.letters).values()) == 1
    taken = {address for address, _message in kept.letters}
    accepted, unknown_ones, refused = (set(found.get(state, [])) for state in ("accepted", "unknown", "refused"))
    assert accepted <= taken
    assert taken - accepted <= unknown_ones
    assert len(accepted) + len(unknown_ones) + len(refused) == letters, {state: len(who) for state, who in found.items()}
    assert all(address.endswith("7@example.org") for address in refused)
    assert max(line["unknown"] for line in table) <= BULK_WINDOW


def _told(table: list[dict[str, object]], found: dict[str, list[str]], kept: RememberingSink, letters: int) -> None:
    states = {state: len(who) for state, who in found.items()}
    print(f"\n{letters} letters, {len(table)} kills: {states}, at the sink {len(kept.letters)}")
    for what in ("worker", "database", "sink"):
        lines = [line for line in table if line["killed"] == what]
        unknown = [int(str(line["unknown"])) for line in lines]
        flying = sum(bool(line["in flight"]) for line in lines)
        print(
            f"{what:9} {len(lines):4} kills, {flying:4} in flight, unknown {sum(unknown):5}, at most {max(unknown, default=0):4}"
        )
