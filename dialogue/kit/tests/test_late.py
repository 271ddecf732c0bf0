"""Libraries that load with their first use: not before, once, and whole for every thread."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from dialogue.kit.late import LATE

START = """
from dialogue.faces.command.main import start_django
start_django()
import dialogue.faces.urls
from dialogue.kit.late import WAITING
print(*sorted(WAITING))
"""
THREADS = """
import dialogue, sqlparse, sys
from dialogue.kit.late import WAITING
from threading import Barrier, Thread
together, said = Barrier(8), []
def use():
    together.wait()
    said.append(sqlparse.split("SELECT 1; SELECT 2"))
threads = [Thread(target=use) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(len(said), len({str(one) for one in said}), "sqlparse" in WAITING, type(sqlparse).__name__)
"""


def said(program: str) -> list[str]:
    """Return what a fresh process prints."""
    made = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    return made.stdout.split()


def test_start_loads_none_of_them() -> None:
    assert said(START) == sorted(LATE)


def test_threads_that_use_one_together_all_get_it() -> None:
    assert said(THREADS) == ["8", "1", "False", "module"]


@pytest.mark.parametrize("name", sorted(LATE))
def test_late_module_exists(name: str) -> None:
    assert dir(import_module(name)), f"{name} is gone from its library: take it out of LATE, or name what took its place."
