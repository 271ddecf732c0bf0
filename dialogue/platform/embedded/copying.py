"""Many rows at once: COPY into a temporary table, then one INSERT … SELECT, since COPY is refused under row security."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models
from psycopg import sql

Row = Sequence[Any]
FIELDS: dict[tuple[type[models.Model], str], Any] = {}


def int_array(numbers: Iterable[int | None]) -> str:
    """Return numbers as PostgreSQL writes an array of them, for `%s::bigint[]`: a list would be adapted one by one."""
    return "{" + ",".join(["NULL" if number is None else str(number) for number in numbers]) + "}"


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Return `count` fresh ids of the model's table, so that rows pointing at each other can be written together."""
    with connection.cursor() as cursor:
        # Named once, not for every id.
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [model._meta.db_table])
        sequence = cursor.fetchone()[0]
        cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, count])
        return [row[0] for row in cursor.fetchall()]


def _column(model: type[models.Model], name: str) -> Any:
    found = FIELDS.get((model, name))
    if found is None:
        by_name = {key: one for one in model._meta.concrete_fields for key in (one.name, one.attname)}
        found = FIELDS[model, name] = by_name[name]
    return found


def _listed(model: type[models.Model], fields: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join([sql.Identifier(str(_column(model, name).column)) for name in fields])


def _literal(model: type[models.Model], name: str, value: Any) -> sql.Composable:
    return sql.Literal(json.dumps(value) if isinstance(_column(model, name), models.JSONField) else value)


def copy_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Row], constants: Mapping[str, Any] | None = None
) -> int:
    """Write rows of the named model fields and return how many; the caller's transaction and company are used.

    `constants` are fields that every row holds alike: they are sent once.
    Values are what psycopg adapts: str, int, Decimal, dates, None; JSON comes as its text, an array as a list. The rows must
    not query while they are drawn: the connection is busy with the COPY.
    """
    listed = _listed(model, fields)
    same = dict(constants or {})
    every = _listed(model, [*fields, *same])
    values = sql.SQL(", ").join([listed, *(_literal(model, name, value) for name, value in same.items())])
    target = sql.Identifier(model._meta.db_table)
    waiting = sql.Identifier(f"waiting_{secrets.token_hex(6)}")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(waiting, listed, target)
        )
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(waiting, listed)) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(target, every, values, waiting))
        written = int(cursor.rowcount)
        cursor.execute(sql.SQL("DROP TABLE {}").format(waiting))
    return written
