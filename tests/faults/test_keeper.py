"""The web server's first process keeps its workers: it ends with them, and none of them outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dialogue.kit.ports import free_port
from dialogue.platform.embedded.server import EmbeddedServer
from tests.faults.test_life import answers, get
from tests.machines import COMMAND, ROOT, clean_environment, until

LOAD = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "dialogue.settings"
from dialogue.faces.command.web import OFFICE_PAGES, load_before_forking
load_before_forking("dialogue.faces.wsgi:application", OFFICE_PAGES)
print(*({"ninja", "pydantic", "duckdb", "numpy", "pyarrow", "xlsxwriter", "python_calamine", "unittest"} & set(sys.modules)))
"""


def workers_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for task in tasks for word in task.read_text().split()]


@contextmanager
def web(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, list[int]]]:
    server = EmbeddedServer(data)
    server.start()
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "web", "--workers", "2"], env=clean_environment(DIALOGUE_DATA=str(data), DIALOGUE_PORT=str(port)), cwd=ROOT
    )
    try:
        until(answers(f"http://127.0.0.1:{port}/healthz"), seconds=90)
        until(lambda: b"dialogue.faces.command.keeper" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        yield process, port, workers_of(process.pid)
    finally:
        process.kill()
        process.wait()
        server.stop()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_the_keeper_and_its_workers(data: Path, number: int) -> None:
    with web(data) as (process, port, workers):
        assert len(workers) == 2
        assert get(f"http://127.0.0.1:{port}/api/v1/parties")[0] == 401
        process.send_signal(number)
        assert process.wait(5) == 0
        until(lambda: all(map(is_gone, workers)))


@pytest.mark.slow
def test_killed_worker_ends_the_server(data: Path) -> None:
    with web(data) as (process, _port, workers):
        os.kill(workers[0], signal.SIGKILL)
        assert process.wait(5) == 1
        until(lambda: all(map(is_gone, workers)))


def test_pages_are_ready_without_the_api_and_the_analysis(folder: Path) -> None:
    environment = clean_environment(DIALOGUE_DATA=str(folder / "data"))
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD], env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=True
    )
    assert loaded.stdout.split() == []
