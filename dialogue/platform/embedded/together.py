"""A record and its parts written by one statement: each round trip costs as much as three rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

import psycopg
from django.db import connection, models
from django.utils import timezone

M = TypeVar("M", bound=models.Model)
MADE = "made"


@lru_cache(maxsize=64)
def _columns(model: type[models.Model]) -> dict[str, tuple[str, str, Any]]:
    """Return `{attribute: (column, its place in a statement, what makes the default)}` of what a row is written with."""
    return {
        one.attname: (
            str(one.column),
            f"%s::{one.rel_db_type(connection) if one.is_relation else one.db_type(connection)}",
            timezone.now if one.default is timezone.now or getattr(one, "auto_now", False) else one.get_default,
        )
        for one in model._meta.concrete_fields
        if not one.generated and not one.primary_key
    }


class Together:
    """One statement that writes a record and the parts that point at it; nothing is written before `write`.

    Values not given are the model's defaults; stamps are the moment of the statement's making.
    """

    def __init__(self, model: type[models.Model], given: Mapping[str, Any]) -> None:
        self.now = timezone.now()
        self._parts: list[str] = []
        self._values: list[Any] = []
        self.given = self._whole(model, given)
        listed, marks = self._take(model, self.given)
        self._parts.append(f"{MADE} AS (INSERT INTO {model._meta.db_table} ({listed}) VALUES ({marks}) RETURNING id)")
        self._asked = [f"(SELECT id FROM {MADE})"]

    def _whole(self, model: type[models.Model], given: Mapping[str, Any]) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        for name, (_column, _place, default) in _columns(model).items():
            if name in given:
                whole[name] = given[name]
            else:
                whole[name] = self.now if default is timezone.now else default()
        return whole

    def _take(self, model: type[models.Model], whole: Mapping[str, Any]) -> tuple[str, str]:
        columns = _columns(model)
        written = {name: value for name, value in whole.items() if value is not None}
        self._values += [json.dumps(dict(value)) if isinstance(value, Mapping) else value for value in written.values()]
        return ", ".join([columns[name][0] for name in written]), ", ".join([columns[name][1] for name in written])

    def add(self, model: type[models.Model], key: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Add a part whose foreign key `key` (an attribute such as `party_id`) is the record; return all its values."""
        whole = self._whole(model, given)
        whole.pop(key)
        listed, marks = self._take(model, whole)
        name = f"part{len(self._parts)}"
        table, column = model._meta.db_table, _columns(model)[key][0]
        self._parts.append(
            f"{name} AS (INSERT INTO {table} ({column}, {listed}) SELECT id, {marks} FROM {MADE} RETURNING id)",
        )
        self._asked.append(f"(SELECT id FROM {name})")
        return whole

    def add_statement(self, statement: str, values: Sequence[Any]) -> None:
        """Add a statement that reads the record's id from the table `made`."""
        self._parts.append(f"part{len(self._parts)} AS ({statement})")
        self._values += values

    def write(self) -> list[int]:
        """Write everything; return the record's id and those of its parts in their order."""
        statement = _numbered(f"WITH {', '.join(self._parts)} SELECT {', '.join(self._asked)}")
        return [int(pk) for pk in cast("Any", connection).ask_together([(statement, self._values)], psycopg.RawCursor)[0][0]]


@lru_cache(maxsize=512)
def _numbered(statement: str) -> str:
    """Return the statement with PostgreSQL's own marks: psycopg would count those of one so long anew at each call."""
    first, *others = statement.split("%s")
    return first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))


def write_one(row: M) -> M:
    """Write one unsaved row and return it with its id: what `save` does, without signals and in a fraction of the time."""
    row.pk = Together(type(row), row.__dict__).write()[0]
    row._state.adding, row._state.db = False, connection.alias
    return row
