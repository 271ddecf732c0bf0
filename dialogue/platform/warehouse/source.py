"""The warehouse's own connection to PostgreSQL: Arrow streams over ADBC, as the fenced role, with one company open.

It is in autocommit, so nothing it read stays open behind it; a refresh opens and ends its one short transaction itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from django.db import connections

from dialogue.platform.warehouse.errors import Busy

TEXTS = ("user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs")
# Batches that stay in the processor's cache while they are unpacked, packed and written.
BATCH = {"adbc.postgresql.batch_size_hint_bytes": str(1 << 20)}
# The driver counts its connections without a lock (apache/arrow-adbc, issue 4753): one is opened or closed at a time.
COUNTING = threading.Lock()
# The number of the lock that the one writer of a company's warehouse holds.
LOCK = "hashtextextended('dialogue warehouse ' || {tenant:d}, 0)"
ONE_CUT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Changed rows lie all over a table: by a bitmap each page is opened once, in its order and ahead of need.
BY_PAGES = "SET LOCAL enable_indexscan = off"


def address() -> str:
    """Return the database's address for ADBC: the application role's, so that row security holds here, too."""
    given = connections["default"].get_connection_params()
    asked = {name: str(given[name]) for name in TEXTS if given.get(name)} | {"application_name": "dialogue warehouse"}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
    return f"postgresql:///{quote(str(given['dbname']), safe='')}?{query}"


@cache
def _database(where: str) -> Any:
    """Return the driver's database, which has learned the types of PostgreSQL: that takes as long as a small refresh."""
    # Heavy and needed by jobs only: no web process loads it.
    from adbc_driver_postgresql import connect

    return connect(where)


class Source:
    """A connection with one company open; answers are streams that DuckDB reads."""

    def __init__(self, tenant: int, duck: Any) -> None:
        from adbc_driver_manager import AdbcConnection

        self.tenant, self.duck = tenant, duck
        with COUNTING:
            self._connection = AdbcConnection(_database(address()))
        self._statements: list[Any] = []
        self.values(f"SELECT set_config('app.tenant', '{tenant:d}', false), set_config('timezone', 'UTC', false)")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connection; its locks go with it."""
        for statement in self._statements:
            statement.close()
        with COUNTING:
            self._connection.close()

    def stream(self, sql: str) -> Any:
        """Return the answer as an Arrow stream, to be read once before the next is asked for."""
        from adbc_driver_manager import AdbcStatement

        while self._statements:
            self._statements.pop().close()
        statement = AdbcStatement(self._connection)
        self._statements.append(statement)
        statement.set_options(**BATCH)
        statement.set_sql_query(sql)
        return statement.execute_query()[0]

    def do(self, sql: str) -> None:
        """Run a statement without an answer."""
        from adbc_driver_manager import AdbcStatement

        while self._statements:
            self._statements.pop().close()
        statement = AdbcStatement(self._connection)
        try:
            statement.set_sql_query(sql)
            statement.execute_update()
        finally:
            statement.close()

    def values(self, sql: str) -> list[tuple[Any, ...]]:
        """Return a small answer's rows."""
        self.duck.register("answer", self.stream(sql))
        try:
            rows: list[tuple[Any, ...]] = self.duck.execute("SELECT * FROM answer").fetchall()
        finally:
            self.duck.unregister("answer")
        return rows

    def lock(self) -> None:
        """Become the one writer of the company's warehouse, until the connection ends.

        Raises:
            Busy: another connection is.
        """
        if not self.values(f"SELECT pg_try_advisory_lock({LOCK.format(tenant=self.tenant)})")[0][0]:
            raise Busy

    def by_pages(self) -> None:
        """Let the rest of the cut read rows in the order of their pages.

        It forbids to look at one end of an index, too: what asks for the newest version asks before.
        """
        self.do(BY_PAGES)

    @contextmanager
    def one_cut(self) -> Iterator[None]:
        """Read everything in the block as of one moment."""
        self.do(ONE_CUT)
        try:
            yield
        finally:
            while self._statements:
                self._statements.pop().close()
            self.do("ROLLBACK")
