"""Many rows at once: one INSERT … SELECT from arrays, a column each, since COPY is refused under row security."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

Row = Sequence[Any]
FIELDS: dict[tuple[type[models.Model], str], Any] = {}
# Stands between texts while all of them are escaped in one go; a text that holds it is escaped alone.
BETWEEN = "\x1f"
LENGTH = re.compile(r"\(.*\)")


def int_array(numbers: Iterable[int | None]) -> str:
    """Return numbers as PostgreSQL writes an array of them, for `%s::bigint[]`: a list would be adapted one by one."""
    return "{" + ",".join(["NULL" if number is None else str(number) for number in numbers]) + "}"


def text_array(texts: Sequence[str | None]) -> str:
    """Return texts as PostgreSQL writes an array of them, for `%s::text[]`."""
    if texts and None not in texts:
        joined = BETWEEN.join(texts)  # type: ignore[arg-type]
        if joined.count(BETWEEN) == len(texts) - 1:
            return '{"' + _escaped(joined).replace(BETWEEN, '","') + '"}'
    return "{" + ",".join(["NULL" if text is None else f'"{_escaped(text)}"' for text in texts]) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _array(values: Sequence[Any]) -> str:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, int):
        # True and false too: PostgreSQL reads their names.
        return int_array(values)
    if isinstance(first, str):
        return text_array(values)
    if isinstance(first, list):
        values = [None if value is None else _array(value) for value in values]
    return text_array([None if value is None else str(value) for value in values])


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Return `count` fresh ids of the model's table, so that rows pointing at each other can be written together."""
    with connection.cursor() as cursor:
        # Named once, not for every id.
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [model._meta.db_table])
        sequence = cursor.fetchone()[0]
        cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, count])
        return [row[0] for row in cursor.fetchall()]


def _field(model: type[models.Model], name: str) -> Any:
    found = FIELDS.get((model, name))
    if found is None:
        by_name = {key: one for one in model._meta.concrete_fields for key in (one.name, one.attname)}
        found = FIELDS[model, name] = by_name[name]
    return found


def _type(field: Any) -> str:
    """The column's type without its length, which the table itself holds values to."""
    return LENGTH.sub("", str(field.db_type(connection)))


def write_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Row], constants: Mapping[str, Any] | None = None
) -> int:
    """Write rows of the named model fields and return how many; the caller's transaction and company are used.

    `constants` are fields that every row holds alike: they are sent once.
    Values are str, int, bool, Decimal, dates, None; JSON comes as its text, an array as a list or as PostgreSQL writes it.
    Inside `written_together` an error is raised there, at the end.
    """
    columns = list(zip(*rows, strict=True))
    if not columns:
        return 0
    quote = connection.ops.quote_name
    given, same = (
        [_field(model, name) for name in fields],
        {_field(model, name): value for name, value in (constants or {}).items()},
    )
    taken, arrays = [], []
    for number, field in enumerate(given):
        # An array of arrays would be taken apart to the last number, and JSON is cast from its text.
        whole = isinstance(field, (ArrayField, models.JSONField))
        arrays.append(f"%s::{'text' if whole else _type(field)}[]")
        taken.append(f"x.c{number}::{_type(field)}" if whole else f"x.c{number}")
    names = ", ".join(f"c{number}" for number in range(len(given)))
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(field.column) for field in (*given, *same))})"
        f" SELECT {', '.join([*taken, *(f'%s::{_type(field)}' for field in same)])}"
        f" FROM unnest({', '.join(arrays)}) AS x({names})"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(_plain(field, value) for field, value in same.items()), *map(_array, columns)])
    return len(columns[0])


def _plain(field: Any, value: Any) -> Any:
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    return _array(value) if isinstance(field, ArrayField) else value


@contextmanager
def written_together() -> Iterator[None]:
    """Send statements without waiting for each: the next one's values are put together while the database writes.

    Only for statements whose number of rows nobody asks for: it is not known before the end.

    Raises:
        DatabaseError: what any of the statements failed with, at the end.
    """
    connection.ensure_connection()
    raw: Any = connection.connection
    with connection.wrap_database_errors, raw.pipeline():
        yield
