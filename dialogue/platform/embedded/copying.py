"""Many rows at once: COPY into a temporary table, then one INSERT … SELECT, since COPY is refused under row security."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.db import connection, models
from psycopg import sql

Row = Sequence[Any]


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Return `count` fresh ids of the model's table, so that rows pointing at each other can be written together."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return [int(row[0]) for row in cursor.fetchall()]


def copy_rows(model: type[models.Model], fields: Sequence[str], rows: Iterable[Row]) -> int:
    """Write rows of the named model fields and return how many; the caller's transaction and company are used.

    Values are what psycopg adapts: str, int, Decimal, dates, None; JSON comes as its text, an array as a list. The rows must
    not query while they are drawn: the connection is busy with the COPY.
    """
    columns = [str(cast("models.Field[Any, Any]", model._meta.get_field(name)).column) for name in fields]
    listed = sql.SQL(", ").join([sql.Identifier(name) for name in columns])
    target = sql.Identifier(model._meta.db_table)
    waiting = sql.Identifier(f"waiting_{secrets.token_hex(6)}")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(waiting, listed, target)
        )
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(waiting, listed)) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(target, listed, listed, waiting))
        written = int(cursor.rowcount)
        cursor.execute(sql.SQL("DROP TABLE {}").format(waiting))
    return written
