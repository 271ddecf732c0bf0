"""Start, stop, and what a kill at any moment costs: nothing that was acknowledged."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from dialogue.platform.embedded.server import SUPERUSER, EmbeddedServer
from tests.machines import READY, ROOT, Installation, dialogue, until

pytestmark = pytest.mark.slow
Start = Callable[..., Installation]


def get(url: str) -> tuple[int, str]:
    parts = urlsplit(url)
    asking = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    asking.request("GET", parts.path)
    answer = asking.getresponse()
    return answer.status, answer.read().decode()


def answers(url: str) -> Callable[[], bool]:
    def look() -> bool:
        try:
            return get(url)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    return look


def count_companies(folder: Path) -> int:
    server = EmbeddedServer(folder)
    with psycopg.connect(host=str(folder / "sock"), user=SUPERUSER, dbname="dialogue") as raw:
        assert server.is_up()
        return int(raw.execute("SELECT count(*) FROM tenants_tenant").fetchone()[0])


def test_ready_is_the_last_line_and_its_link_signs_in(installation: Start) -> None:
    running = installation()
    line = running.ready()
    found = READY.match(line)
    assert found, line
    lines = running.lines()
    assert lines[-1] == line
    assert not any("http://" in earlier for earlier in lines[:-1])
    assert all(earlier.rstrip().endswith(" s") for earlier in lines[:-1]), lines
    assert get(found[1] + "account/login/")[0] == 200
    assert get(found[3])[0] == 200
    assert get(f"http://127.0.0.1:{running.port + 1}/healthz") == (200, "ok\n")
    assert count_companies(running.folder) == 2


def test_without_demo_there_is_no_company(installation: Start) -> None:
    running = installation("--no-demo")
    running.ready()
    assert count_companies(running.folder) == 0


def test_demonstration_is_loaded_by_a_visible_job(installation: Start) -> None:
    running = installation()
    running.ready()

    def loaded() -> bool:
        with psycopg.connect(host=str(running.folder / "sock"), user=SUPERUSER, dbname="dialogue") as raw:
            return raw.execute("SELECT state FROM jobs_job WHERE kind = 'demo.load'").fetchall() == [("done",)]

    until(loaded, seconds=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_everything_in_two_seconds(installation: Start, number: int) -> None:
    running = installation("--no-demo")
    running.ready()
    assert len(running.everything()) > 5
    assert running.stop(number) < 2
    assert running.process.returncode == 0
    assert not (running.folder / "pg" / "postmaster.pid").exists()


def test_signal_during_the_start_ends_everything(installation: Start) -> None:
    running = installation()
    until(lambda: "loading the program" in running.log.read_text(), seconds=30)
    assert running.stop() < 2


def test_killed_supervisor_leaves_nothing_running(installation: Start) -> None:
    running = installation("--no-demo")
    running.ready()
    running.process.kill()
    running.process.wait()
    until(lambda: not running.everything(), seconds=15)


@pytest.mark.parametrize("name", ["web", "worker", "tracker"])
def test_killed_child_is_started_again_and_said_so(installation: Start, name: str) -> None:
    running = installation("--no-demo")
    running.ready()
    before = running.children()[name]
    os.kill(before, signal.SIGKILL)
    until(running.said(f"{name} was killed by signal 9; starting it again"))
    until(lambda: running.children().get(name, before) != before)
    until(answers(f"http://127.0.0.1:{running.port}/readyz"))
    until(answers(f"http://127.0.0.1:{running.port + 1}/readyz"))


def test_killed_database_is_started_again_and_said_so(installation: Start) -> None:
    running = installation("--no-demo")
    running.ready()
    os.kill(int((running.folder / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    until(running.said("The database is up again."), seconds=40)
    for port in (running.port, running.port + 1):
        until(answers(f"http://127.0.0.1:{port}/readyz"))


def test_killed_database_loses_no_acknowledged_commit(folder: Path) -> None:
    server = EmbeddedServer(folder / "data")
    server.start()
    place = {"host": str(server.socket), "user": SUPERUSER, "dbname": "postgres", "autocommit": True}
    with psycopg.connect(**place) as raw:  # type: ignore[arg-type]
        raw.execute("CREATE TABLE kept (number bigint PRIMARY KEY)")
    acknowledged: list[int] = []

    def write(first: int) -> None:
        number = first
        try:
            with psycopg.connect(**place) as raw:  # type: ignore[arg-type]
                while True:
                    raw.execute("INSERT INTO kept VALUES (%s)", [number])
                    acknowledged.append(number)
                    number += 4
        except psycopg.Error:
            return

    try:
        for round_ in range(3):
            writers = [threading.Thread(target=write, args=(round_ * 10_000_000 + n,)) for n in range(4)]
            before = len(acknowledged)
            for writer in writers:
                writer.start()
            until(lambda before=before: len(acknowledged) > before + 300)
            os.kill(server.pid() or 0, signal.SIGKILL)
            for writer in writers:
                writer.join(20)
            begun = time.monotonic()
            server.start()
            assert time.monotonic() - begun < 30
            with psycopg.connect(**place) as raw:  # type: ignore[arg-type]
                kept = {row[0] for row in raw.execute("SELECT number FROM kept")}
            assert set(acknowledged) <= kept
    finally:
        server.stop()
        server.release()


def test_reset_asks_and_deletes_only_after_yes(data: Path) -> None:
    keep = data / "keep.txt"
    keep.write_text("x")
    refused = dialogue("run", "--data", str(data), "--reset", stdin="no\n", DIALOGUE_PORT="8598")
    assert refused.returncode == 1
    assert "Nothing was deleted." in refused.stderr
    assert keep.exists()


def test_reset_with_yes_starts_anew(installation: Start, data: Path) -> None:
    (data / "keep.txt").write_text("x")
    running = installation("--reset", "--yes", "--no-demo")
    running.ready()
    assert not (data / "keep.txt").exists()
    assert count_companies(data) == 0


DROPPED = """
import os, signal, sys
from dialogue.faces.command.supervisor import StopAsked, Supervisor, stop_on_signals

class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))

stop_on_signals()
Last()
try:
    Supervisor().watch(None)
except StopAsked:
    sys.exit(7)
"""


def test_signal_that_python_drops_inside_a_finalizer_is_heard_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", DROPPED], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 7, done.stderr
    assert "StopAsked" in done.stderr
