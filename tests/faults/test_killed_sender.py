"""kill -9 of the process that sends, again and again: no letter goes twice, and what is unknown is said to be."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dialogue.customers.channels.claims import OWN_WINDOW
from dialogue.platform.mail.tests.sink import sink
from tests.machines import ROOT, clean_environment, dialogue, until

pytestmark = pytest.mark.slow
LETTERS = 400
# A hundred on demand: DIALOGUE_KILLS=100.
KILLS = int(os.environ.get("DIALOGUE_KILLS", "6"))
MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(\S+)")


def test_killed_senders_repeat_no_letter_and_lose_none(data: Path) -> None:
    made = dialogue("company", "create", "Ромашка", "--login", "rom", "--owner", "a@example.org", "--data", str(data))
    assert made.returncode == 0, made.stderr
    chance = random.Random(5)
    letters = max(LETTERS, 40 * KILLS)
    hit = 0
    with sink() as kept:
        _spoke(data, "prepare", str(kept.port), str(letters))
        for _kill in range(KILLS):
            before, more = len(kept.letters), chance.randrange(1, 30)
            sender = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.letters", "send"], cwd=ROOT, env=_environment(data), stdout=subprocess.PIPE
            )
            until(
                lambda before=before, more=more, sender=sender: len(kept.letters) > before + more or sender.poll() is not None
            )
            sender.kill()
            sender.communicate()
            hit += sender.returncode == -signal.SIGKILL
        _spoke(data, "send")
        found = json.loads(_spoke(data, "states"))
    assert hit
    sent = Counter(address for address, _data in kept.letters)
    accepted, unknown = set(found.get("accepted", [])), set(found.get("unknown", []))
    assert max(Counter(MESSAGE_ID.search(letter)[1] for _address, letter in kept.letters).values()) == 1  # type: ignore[index]
    assert max(sent.values()) == 1
    assert accepted <= set(sent)
    assert set(sent) - accepted <= unknown
    assert len(accepted) + len(unknown) == letters, {state: len(who) for state, who in found.items()}
    assert len(unknown) <= KILLS * OWN_WINDOW


def _environment(data: Path) -> dict[str, str]:
    return clean_environment(DIALOGUE_DATA=str(data), DJANGO_SETTINGS_MODULE="dialogue.settings", DIALOGUE_LOG="WARNING")


def _spoke(data: Path, *words: str) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "tests.faults.letters", *words],
        cwd=ROOT,
        env=_environment(data),
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    return made.stdout.strip().splitlines()[-1] if made.stdout.strip() else ""
