"""What the warehouse holds: rooms say which columns of which tables, and what is summed up per customer."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Any

from django.db import models

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry

# Money and other decimals are whole numbers of ten-thousandths: exact in every engine.
SCALE = 10_000
UPPER = "__upper"
# Files written in another way are void.
LAYOUT = "3"


@frozen
class Mart:
    """Columns of one table, named as the paths of the ORM name them; each row has its `id`.

    `searched` are texts that are compared without regard to case: PostgreSQL's own upper case stands beside them, so that no
    engine folds letters its own way (`folding` makes it). The model's table must be `Versioned`.
    """

    model: type[models.Model]
    columns: tuple[str, ...]
    searched: tuple[str, ...] = ()

    @cached_property
    def table(self) -> str:
        """The table in PostgreSQL."""
        return str(self.model._meta.db_table)

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The model's fields by column."""
        by_name = {one.attname: one for one in self.model._meta.concrete_fields}
        return {name: by_name[name] for name in ("id", *self.columns)}

    @cached_property
    def types(self) -> dict[str, str]:
        """The type of each column in Ibis' words; "!" says it is never empty."""
        found = {name: ("" if field.null else "!") + type_of(field) for name, field in self.fields.items()}
        return found | {name + UPPER: found[name] for name in self.searched}

    @cached_property
    def selected(self) -> str:
        """The columns as PostgreSQL's SELECT gives them."""
        return ", ".join(f'{_taken(field)} AS "{name}"' for name, field in self.fields.items())


def type_of(field: models.Field[Any, Any]) -> str:
    """Return the type of a model's field in Ibis' words."""
    if isinstance(field, models.DecimalField):
        return "int64"
    if isinstance(field, models.DateTimeField):
        return "timestamp"
    if isinstance(field, models.DateField):
        return "date"
    if isinstance(field, models.BooleanField):
        return "boolean"
    if isinstance(field, (models.CharField, models.TextField, models.JSONField)):
        return "string"
    return "int64"


def _taken(field: models.Field[Any, Any]) -> str:
    column = f'"{field.column}"'
    if isinstance(field, models.DecimalField):
        return f"({column} * {SCALE})::bigint"
    if isinstance(field, models.DateTimeField):
        return f"{column} AT TIME ZONE 'UTC'"
    if isinstance(field, models.JSONField):
        return f"{column}::text"
    return f"{column}::bigint" if type_of(field) == "int64" else column


@frozen
class RollUp:
    """One row per customer and `by`: how many rows of a mart, the sum of an amount, the first and the last moment.

    With `monthly` there is a row for each month of the company's calendar (`month`, its first day), too. `among` names what
    the rows must be: (column, text) each. Where they are `ordered` the rows lie in the order of `by`, so that a question about one
    of many reads little.
    """

    mart: str
    by: tuple[str, ...] = ()
    amount: str = ""
    monthly: bool = False
    key: str = "party_id"
    at: str = "at"
    among: tuple[tuple[str, str], ...] = ()
    ordered: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """What is one row: the customer, `by` and the month."""
        return (self.key, *self.by, *(("month",) if self.monthly else ()))

    @property
    def types(self) -> dict[str, str]:
        """The type of each column in Ibis' words."""
        of = marts.get(self.mart).types
        found = {self.key: "!int64", **{name: of[name] for name in self.by}}
        if self.monthly:
            found["month"] = "!date"
        found |= {"n": "!int64", "first": "!timestamp", "last": "!timestamp"}
        if self.amount:
            found |= {"total": "int64", "counted": "!int64"}
        return found

    def told(self, zone: str) -> str:
        """Return the SQL, for DuckDB, of what is one row, of a row of the mart."""
        names = [f'"{name}"' for name in (self.key, *self.by)]
        if self.monthly:
            local = f"timezone('{zone}', timezone('UTC', \"{self.at}\"))"
            # No zone is a day away from UTC: only near a month's end must the zone be asked, which is slow.
            inside = f'day("{self.at}") BETWEEN 2 AND 27'
            moment = f'CASE WHEN {inside} THEN "{self.at}" ELSE {local} END'
            names.append(f"CAST(date_trunc('month', {moment}) AS DATE) AS \"month\"")
        return ", ".join(names)

    @property
    def counts(self) -> str:
        """The SQL of which rows of the mart count."""
        parts = [f'"{self.key}" IS NOT NULL', *(f"\"{name}\" = '{value}'" for name, value in self.among)]
        return " AND ".join(parts)

    @property
    def order(self) -> str:
        """The SQL that puts its rows in order, with a space before it; nothing where they lie as they come."""
        return " ORDER BY " + ", ".join(f'"{name}"' for name in (*self.by, self.key)) if self.ordered else ""

    def selected(self, rows: str, zone: str) -> str:
        """Return the SQL, for DuckDB, that makes the rows out of a relation with the mart's columns."""
        facts = ["count(*) AS n", f'min("{self.at}") AS "first"', f'max("{self.at}") AS "last"']
        if self.amount:
            facts += [f'CAST(sum("{self.amount}") AS BIGINT) AS total', f'count("{self.amount}") AS counted']
        groups = ", ".join(str(number + 1) for number in range(len(self.keys)))
        return f"SELECT {self.told(zone)}, {', '.join(facts)} FROM {rows} WHERE {self.counts} GROUP BY {groups}"


marts: Registry[Mart] = Registry("marts")
rollups: Registry[RollUp] = Registry("roll-ups")


def mart_of(model: type[models.Model]) -> str | None:
    """Return the name of the mart that holds a model's rows, or None."""
    return next((name for name in marts.keys() if marts.get(name).model is model), None)  # noqa: SIM118  a registry iterates its items


def shape() -> str:
    """Return a hash of everything the warehouse holds: files of another shape are void."""
    held = [(name, marts.get(name)) for name in marts.keys()]  # noqa: SIM118
    parts = [f"{name}:{mart.table}:{mart.selected}:{mart.searched}" for name, mart in held]
    parts += [f"{name}:{rollups.get(name)!r}" for name in rollups.keys()]  # noqa: SIM118
    return sha256("\n".join([LAYOUT, *parts]).encode()).hexdigest()[:16]
