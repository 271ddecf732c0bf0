"""Root's home is closed to the database's own account: the server gets a copy of its binaries that works."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialogue.platform.embedded import server as embedded
from dialogue.platform.embedded.server import EmbeddedServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root hands the database to another account"),
]


@pytest.fixture
def closed() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dialogue-closed-") as folder:
        # Made closed, as root's home is.
        assert not Path(folder).stat().st_mode & 0o077
        yield Path(folder) / "data"


def test_server_starts_from_a_home_nobody_else_may_enter(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "can_reach", lambda path: False)
    closed.mkdir()
    server = EmbeddedServer(closed, throwaway=True)
    try:
        server.start()
        assert server.pid() is not None
    finally:
        server.stop()
        home = server._home
        if home != closed:
            shutil.rmtree(home)
    assert home.is_relative_to("/var/lib/dialogue")


def test_copy_ended_half_way_is_made_anew(closed: Path) -> None:
    home = closed / "home"
    (home / "postgresql.making" / "half").mkdir(parents=True)
    copied = embedded.copied_binaries(embedded.binaries(), home)
    assert (copied / "bin" / "postgres").exists()
    assert not (home / "postgresql.making").exists()
    assert embedded.copied_binaries(embedded.binaries(), home) == copied
