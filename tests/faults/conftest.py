"""A migrated data folder made once, copied for each test that needs an installation of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machines import Installation, NamedServer, dialogue, open_folder, server_programs


@pytest.fixture(scope="session")
def migrated_folder() -> Iterator[Path]:
    with open_folder() as folder:
        done = dialogue("migrate", "--data", str(folder / "data"))
        assert done.returncode == 0, done.stderr
        yield folder / "data"


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture
def data(folder: Path, migrated_folder: Path) -> Path:
    """A data folder of this version with no company in it."""
    subprocess.run(["cp", "-a", str(migrated_folder), str(folder / "data")], check=True)
    return folder / "data"


@pytest.fixture
def installation(data: Path) -> Iterator[Callable[..., Installation]]:
    started: list[Installation] = []

    def start(*words: str) -> Installation:
        started.append(Installation(data, *words))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture(scope="session")
def named_server() -> Iterator[NamedServer]:
    if not shutil.which("initdb", path=str(server_programs())):
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql-15")
    with open_folder() as made:
        server = NamedServer(made, server_programs())
        yield server
        server.stop()
