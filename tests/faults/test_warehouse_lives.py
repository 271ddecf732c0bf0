"""Files of the warehouse belong to one life of the database: a cluster that was set back in time begins another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from dialogue.platform.warehouse.copying import cluster_of
from dialogue.platform.warehouse.source import Source
from tests.machines import database_of

pytestmark = pytest.mark.slow


class Plain:
    """A source that only answers questions, over an ordinary connection."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw

    def values(self, sql: str) -> list[tuple[Any, ...]]:
        return self.raw.execute(sql).fetchall()


def name_of(raw: psycopg.Connection[Any]) -> str:
    return cluster_of(cast("Source", Plain(raw)))


def test_restart_is_the_same_life_and_a_recovery_another(data: Path) -> None:
    with database_of(data, "postgres") as raw:
        first = name_of(raw)
        raw.execute("ALTER SYSTEM SET restore_command = 'false'")
    with database_of(data, "postgres") as raw:
        assert name_of(raw) == first
    # What a restored base backup does: read the journal to its end and go on in a time line of its own.
    next(data.rglob("PG_VERSION")).parent.joinpath("recovery.signal").touch()
    with database_of(data, "postgres") as raw:
        while raw.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            pass
        raw.execute("CHECKPOINT")
        again = name_of(raw)
    system, line, database = first.split("-")
    assert again == f"{system}-{int(line) + 1}-{database}"
