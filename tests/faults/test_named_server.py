"""What the tests show on the embedded server also holds on one an administrator keeps: Debian's PostgreSQL 15."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from dialogue.kit.ports import free_port
from tests.faults.test_life import answers, get
from tests.machines import COMMAND, DEBIAN, ROOT, NamedServer, clean_environment, dialogue, open_folder, until

pytestmark = pytest.mark.slow
# Structure, fences, criteria, import, and what stands on the SQL functions; ./dev test --database passes the rest too.
SHOWN = [
    "tests/guards/test_fences.py",
    "tests/criteria",
    "dialogue/platform/embedded",
    "dialogue/platform/criteria",
    "dialogue/platform/imports",
    "dialogue/customers/parties/tests/test_finding.py",
]


@pytest.fixture(scope="module")
def office_url() -> Callable[[str], str]:
    """Return a maker of databases whose owner has the rights the guide asks for, no more."""
    if not (DEBIAN / "postgres").exists():
        pytest.skip("needs Debian's PostgreSQL 15: apt-get install postgresql-15")
    with open_folder() as folder:
        server = NamedServer(folder, DEBIAN)

        def make(name: str) -> str:
            with psycopg.connect(server.url(), autocommit=True) as admin:
                admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'word' CREATEROLE")
                admin.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING UTF8 LOCALE 'C.UTF-8'")
            return server.url(name, "word", name)

        yield make
        server.stop()


def test_structure_fences_criteria_and_imports_pass(office_url: Callable[[str], str], folder: Path) -> None:
    url = office_url("checked")
    environment = clean_environment(DATABASE_URL=url, DIALOGUE_TEST_DATABASE=url, DIALOGUE_DATA=str(folder / "data"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow and not browser", *SHOWN],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    with psycopg.connect(url) as owner:
        assert 150000 <= owner.info.server_version < 160000


def test_separate_processes_serve_a_named_server(office_url: Callable[[str], str], folder: Path) -> None:
    url = office_url("served")
    environment = {"DATABASE_URL": url, "DIALOGUE_DATA": str(folder / "data")}
    assert dialogue("migrate", **environment).returncode == 0
    checked = dialogue("check", **environment)
    assert "lack the LEAKPROOF mark" in checked.stdout
    port = free_port()
    surroundings = clean_environment(**environment, DIALOGUE_PORT=str(port))
    started = [subprocess.Popen([*COMMAND, verb], env=surroundings, cwd=ROOT) for verb in ("web", "tracker", "worker")]
    try:
        until(answers(f"http://127.0.0.1:{port}/healthz"), seconds=90)
        until(answers(f"http://127.0.0.1:{port + 1}/healthz"), seconds=90)
        for origin in (port, port + 1):
            assert get(f"http://127.0.0.1:{origin}/readyz") == (200, '{"ready": true, "problems": []}')
        assert started[2].poll() is None
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(15)
    assert not (folder / "data" / "pg").exists()
    assert (folder / "data" / "secrets.json").stat().st_mode & 0o077 == 0
