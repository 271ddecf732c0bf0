"""The database backend: starts the embedded server when first needed and sends the open company with SET LOCAL.

The setting is transaction-wide, so nothing survives a commit and a transaction pooler in front is safe. Outside a
transaction no company is set and row security shows nothing: it fails closed.

Savepoints are told with the next statement instead of by a turn of their own; what ends with the transaction is not told at all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from dialogue.kit.scope import current_scope
from dialogue.platform.embedded.server import server_for

NEVER_BY_ITSELF = 2**31
MOST_PREPARED = 300
SET_SCOPE = "SELECT set_config('app.tenant', %s, true), set_config('app.door', %s, true)"


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL that knows whose data is open."""

    _sent: tuple[int | None, bool] | None = None
    _rolling_back = False

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Savepoints that PostgreSQL knows, and what it has to be told of them: (savepoint, whether it begins).
        self._known: set[str] = set()
        self._untold: list[tuple[str, bool]] = []

    def get_connection_params(self) -> dict[str, Any]:
        """Return psycopg's parameters; for the embedded server, start it first."""
        embedded = self.settings_dict.get("EMBEDDED")
        if embedded:
            server = server_for(Path(embedded), throwaway=bool(self.settings_dict.get("THROWAWAY")))
            server.start()
            self.settings_dict["HOST"] = str(server.socket)
        parameters: dict[str, Any] = super().get_connection_params()
        return parameters

    def _cursor(self, name: str | None = None) -> Any:
        cursor = super()._cursor(name)  # type: ignore[misc]
        if self.in_atomic_block and not self._rolling_back:
            self._tell_savepoints()
            self._send_scope()
        return cursor

    def validate_no_broken_transaction(self) -> None:
        """Also tell what is untold: a cursor may be older than the savepoint it writes in."""
        super().validate_no_broken_transaction()
        self._tell_savepoints()

    def _take_untold(self) -> list[str]:
        """Return the statements that tell PostgreSQL of savepoints; the caller sends them."""
        statements = []
        for sid, begins in self._untold:
            (self._known.add if begins else self._known.discard)(sid)
            statements.append(self.ops.savepoint_create_sql(sid) if begins else self.ops.savepoint_commit_sql(sid))
        self._untold = []
        return statements

    def _tell_savepoints(self) -> None:
        if self._untold:
            statements = self._take_untold()
            if self.queries_logged:
                self.queries_log.extend({"sql": one, "time": "0.000"} for one in statements)
            # A pipeline waits for nothing, and takes one statement at a time.
            piped = self.connection.info.pipeline_status != psycopg.pq.PipelineStatus.OFF
            with psycopg.ClientCursor(self.connection) as raw:
                for one in statements if piped else ["; ".join(statements)]:
                    raw.execute(one)

    def _savepoint(self, sid: str) -> None:
        self._untold.append((sid, True))

    def _savepoint_commit(self, sid: str) -> None:
        if self._untold and self._untold[-1] == (sid, True):
            self._untold.pop()
        elif sid in self._known:
            self._untold.append((sid, False))

    def _forget_savepoints(self) -> None:
        self._known, self._untold = set(), []

    def _send_scope(self) -> None:
        scope = current_scope()
        wanted = (scope.tenant, scope.door)
        if wanted == (self._sent or (None, False)):
            return
        tenant, door = wanted
        with self.connection.cursor() as raw:
            raw.execute(SET_SCOPE, ["" if tenant is None else str(tenant), "open" if door else ""])
        self._sent = wanted

    def init_connection_state(self) -> None:
        """Prepare the connection; what is prepared is by ids, so one plan serves all of them."""
        super().init_connection_state()
        if self.settings_dict.get("PREPARES"):
            # None, Django's value, would prepare nothing; this prepares what asks for it and nothing by itself.
            self.connection.prepare_threshold = NEVER_BY_ITSELF
            self.connection.prepared_max = MOST_PREPARED
            self.connection.execute("SET plan_cache_mode = force_generic_plan")

    def company_opened(self, tenant: int) -> None:
        """Note that a statement of the caller's has opened this company in the running transaction."""
        self._sent = (tenant, False)

    def ask_together(self, asked: Sequence[tuple[str, Any]], kind: type[Any] = psycopg.Cursor) -> list[list[tuple[Any, ...]]]:
        """Return the rows of several statements sent in one turn; each is planned once a connection.

        Behind a pooler that mixes connections nothing is prepared: a server named by DATABASE_URL has to allow it.
        """
        with self.asking(asked, kind, prepare=bool(self.settings_dict.get("PREPARES"))) as cursors:
            pass
        return [cursor.fetchall() for cursor in cursors]

    @contextmanager
    def asking(
        self, asked: Sequence[tuple[str, Any]], kind: type[Any] = psycopg.ClientCursor, *, prepare: bool = False
    ) -> Iterator[list[Any]]:
        """Send several statements in one turn and open a block with their cursors.

        In the block a cursor gives its rows as soon as its own statement is done, while PostgreSQL works on the next.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        begun = time.monotonic()
        with self.wrap_database_errors:
            ahead = self._ahead()
        cursors = [kind(self.connection) for _one in asked]
        with self.wrap_database_errors, self.connection.pipeline():
            for statement in ahead:
                self.connection.execute(statement)
            for cursor, (sql, parameters) in zip(cursors, asked, strict=True):
                cursor.execute(sql, parameters, prepare=prepare)
                # Without it PostgreSQL keeps a short answer back until the last statement is done.
                self.connection.pgconn.send_flush_request()
            yield cursors
        if self.queries_logged:
            spent = f"{(time.monotonic() - begun) / len(asked):.3f}"
            self.queries_log.extend({"sql": sql, "time": spent} for sql, _parameters in asked)

    def _ahead(self) -> list[str]:
        """Return what goes before statements in the same turn: savepoints; a company not sent yet is sent here and now."""
        if not self.in_atomic_block or self._rolling_back:
            return []
        scope = current_scope()
        if (scope.tenant, scope.door) == (self._sent or (None, False)):
            return self._take_untold()
        self._tell_savepoints()
        self._send_scope()
        return []

    def _commit(self) -> None:
        self._forget_savepoints()
        super()._commit()  # type: ignore[misc]
        self._sent = None

    def _rollback(self) -> None:
        self._forget_savepoints()
        super()._rollback()  # type: ignore[misc]
        self._sent = None

    def _savepoint_rollback(self, sid: str) -> None:
        if (sid, True) in self._untold:
            # Nothing was sent since it began.
            del self._untold[self._untold.index((sid, True)) :]
            return
        # They began after it and go with what is rolled back.
        self._untold = []
        # Rolling back to a savepoint also takes back a setting sent after it.
        # The transaction is aborted until the rollback is done: nothing else may be sent.
        self._rolling_back = True
        try:
            super()._savepoint_rollback(sid)  # type: ignore[misc]
        finally:
            self._rolling_back = False
        self._sent = (-1, False)

    def _close(self) -> None:
        self._forget_savepoints()
        super()._close()  # type: ignore[misc]
        self._sent = None

    def set_autocommit(self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False) -> None:
        """Forget the sent company whenever a transaction begins or ends."""
        self._forget_savepoints()
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        self._sent = None
