"""A query of a page that is compiled once: the ORM writes its SQL the first time, later only the ids are put in.

Compiling a query with its joins costs the ORM more than PostgreSQL takes to answer it. A statement keeps the SQL per shape of
the actor's rights; company, member and the given ids are parameters and never part of what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import field, replace
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import FullResultSet
from django.db import connections, models
from django.db.models import BooleanField, F, Func, Value
from psycopg.types.numeric import Int8

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.reference import Memory
from dialogue.kit.scope import current_tenant, tenant_scope

R = TypeVar("R")
MOST_SHAPES = 64
MOST_SELECTED = 500
# Ids that no row has: they mark the places of the parameters while the SQL is written.
MARK = 9_200_000_000_000_000_000
TENANT, USER = "tenant", "user"
Id = int | tuple[int, ...]


@frozen
class Compiled:
    """The SQL of one shape, its parameters and the places of those that are put in later."""

    rows: models.QuerySet[Any, Any]
    compiler: Any
    sql: str
    parameters: tuple[Any, ...]
    places: tuple[tuple[int, str], ...]
    known: list[Any] = field(default_factory=list, compare=False)

    def bound(self, given: dict[str, Id]) -> tuple[str, list[Any]]:
        """Return the SQL with these parameters."""
        parameters = list(self.parameters)
        for place, name in self.places:
            value = given[name]
            parameters[place] = [Int8(one) for one in value] if isinstance(value, tuple) else Int8(value)
        return self.sql, parameters

    def _converters(self, fields: Any) -> Any:
        # The columns are the same each time: what turns them into values is too.
        if not self.known:
            self.known.append(self.compiler.get_converters(fields))
        return self.known[0]

    def made(self, found: list[tuple[Any, ...]]) -> list[Any]:
        """Return the queryset's rows from what the database answered."""
        compiler = copy(self.compiler)
        compiler.connection = connections[self.rows.db]
        compiler.get_converters = self._converters
        compiler.execute_sql = lambda *_args, **_named: [found]
        # A queryset copied by `copy` would read its rows; a clone would clone the whole query.
        rows, query = _twin(self.rows), _twin(self.rows.query)
        query.get_compiler = lambda *_args, **_named: compiler
        rows._query = query
        return list(rows)


def _twin(one: Any) -> Any:
    other = object.__new__(type(one))
    other.__dict__.update(one.__dict__)
    return other


def one_of(column: str, ids: Any) -> Func:
    """Return the condition that the column is one of the ids, which are one parameter.

    They are what a statement is given as a tuple, or an array as PostgreSQL writes it.
    """
    return Func(F(column), Value(ids), template="%(expressions)s::bigint[])", arg_joiner=" = ANY(", output_field=BooleanField())


class Statement(Generic[R]):
    """A query by ids. `build` returns its queryset from `actor` (where it asks for one) and the ids, without reading anything."""

    def __init__(self, build: Callable[..., models.QuerySet[Any, R]]) -> None:
        self._build = build
        self._shapes: Memory[Compiled] = Memory(MOST_SHAPES)

    def rows(self, actor: Actor | None = None, **ids: Id) -> list[R]:
        """Return the rows for these ids, as the queryset would."""
        ready = _ahead.get()
        if ready:
            found = ready.pop((self, id(actor), tuple(ids.items())), None)
            if found is not None:
                return found
        return read_together([(self, actor, ids)])[0]

    def compiled(self, actor: Actor | None, names: tuple[str, ...]) -> Compiled:
        """Return the statement written for this shape of rights."""
        shape = (names, actor and (actor.permissions, frozenset(actor.reach.items()), actor.everything, actor.members))
        return self._shapes.get(shape, "", lambda: self._compile(actor, names))

    def written(self, actor: Actor | None = None, **ids: Id) -> tuple[str, list[Any]]:
        """Return the SQL and its parameters, to stand inside another statement."""
        return self.compiled(actor, tuple(ids)).bound(_given(actor, ids))

    def first(self, actor: Actor | None = None, **ids: Id) -> R | None:
        """Return the first row, or None."""
        found = self.rows(actor, **ids)
        return found[0] if found else None

    def _compile(self, actor: Actor | None, names: tuple[str, ...]) -> Compiled:
        marks = {name: MARK + number for number, name in enumerate((TENANT, USER, *names))}
        marked = {name: marks[name] for name in names}
        with tenant_scope(marks[TENANT]):
            if actor is not None:
                rows = self._build(replace(actor, tenant=marks[TENANT], user=marks[USER]), **marked)
            else:
                rows = self._build(**marked)
            compiler = rows.query.get_compiler(rows.db)
            sql, parameters = compiler.as_sql()
        known = {mark: name for name, mark in marks.items()}
        places = tuple(
            (place, known[value]) for place, value in enumerate(parameters) if isinstance(value, int) and value in known
        )
        missing = {*names, TENANT} - {name for _place, name in places}
        if missing:
            message = f"the statement never uses {', '.join(sorted(missing))}: its SQL cannot be kept"
            raise TypeError(message)
        return Compiled(rows, compiler, sql, tuple(parameters), places)


Condition = tuple[str, tuple[Any, ...]]
# Stands where a selection's condition goes.
HERE = "(/*what matches*/)"


def condition_of(rows: models.QuerySet[Any, Any]) -> Condition | None:
    """Return what narrows these rows, as SQL over their own table and its parameters; None where other tables are joined.

    Raises:
        EmptyResultSet: no row can match.
    """
    query = rows.query
    joined = sum(1 for used in query.alias_refcount.values() if used) > 1
    if joined or query.annotations or query.extra_tables or query.is_sliced or query.distinct or query.combinator:
        return None
    try:
        sql, parameters = query.get_compiler(rows.db).compile(query.where)
    except FullResultSet:
        return "TRUE", ()
    return sql, tuple(parameters)


class Selection:
    """Columns, joins and orders of lists, each compiled once; what a reading matches is put into the kept SQL."""

    def __init__(self) -> None:
        self._kept: Memory[Compiled] = Memory(MOST_SELECTED)

    def matching(
        self,
        key: Hashable,
        rows: Callable[[models.QuerySet[Any]], models.QuerySet[Any]],
        model: type[models.Model],
        found: Condition,
    ) -> Compiled:
        """Return the statement that reads, of the rows of `model`, those of the condition, as `rows` selects and orders them.

        `key` tells one way of selecting from another. The condition speaks of the model's own table.
        """
        kept = self._kept.get(key, "", lambda: self._compile(rows, model))
        sql, parameters = found
        return replace(kept, sql=kept.sql.replace(HERE, f"({sql})", 1), parameters=parameters)

    @staticmethod
    def _compile(rows: Callable[[models.QuerySet[Any]], models.QuerySet[Any]], model: type[models.Model]) -> Compiled:
        selected = rows(model._base_manager.filter(Func(template=HERE, output_field=BooleanField())))
        compiled = compiled_of(selected)
        if compiled.parameters or compiled.sql.count(HERE) != 1:
            message = f"what selects rows of {model.__name__} takes parameters of its own: its SQL cannot be kept"
            raise TypeError(message)
        return compiled


def compiled_of(rows: models.QuerySet[Any, Any]) -> Compiled:
    """Return the statement of a queryset, as it is.

    Raises:
        EmptyResultSet: no row can match.
    """
    compiler = rows.query.get_compiler(rows.db)
    sql, parameters = compiler.as_sql()
    return Compiled(rows, compiler, sql, tuple(parameters), ())


@contextmanager
def read_during(compiled: Compiled, other: tuple[str, Any]) -> Iterator[tuple[list[Any], Callable[[], list[Any]]]]:
    """Read a statement's rows and ask another one in one turn; PostgreSQL works on the other while the block works on the rows.

    The block gets the rows, and what returns the other statement's answer.
    """
    asked = [(compiled.sql, compiled.parameters), other]
    with cast("Any", connections[compiled.rows.db]).asking(asked) as (first, second):
        yield compiled.made(first.fetchall()), second.fetchall


def _given(actor: Actor | None, ids: Mapping[str, Id]) -> dict[str, Id]:
    return dict(ids) | {TENANT: current_tenant(), USER: (actor.user or 0) if actor else 0}


Asked = tuple[Statement[Any], Actor | None, Mapping[str, Id]]
_ahead: ContextVar[dict[Any, list[Any]] | None] = ContextVar("dialogue_read_ahead", default=None)


@contextmanager
def read_ahead(asked: Sequence[Asked]) -> Iterator[None]:
    """Read several statements in one turn; in the block each of them finds its rows ready, once."""
    found = read_together(asked)
    names = [(statement, id(actor), tuple(ids.items())) for statement, actor, ids in asked]
    token = _ahead.set(dict(zip(names, found, strict=True)))
    try:
        yield
    finally:
        _ahead.reset(token)


def read_together(asked: Sequence[Asked]) -> list[list[Any]]:
    """Return the rows of several statements, asked of the database in one turn; none is asked of nothing."""
    if not asked:
        return []
    compiled = [statement.compiled(actor, tuple(ids)) for statement, actor, ids in asked]
    bound = [one.bound(_given(actor, ids)) for one, (_statement, actor, ids) in zip(compiled, asked, strict=True)]
    found = cast("Any", connections["default"]).ask_together(bound)
    return [one.made(rows) for one, rows in zip(compiled, found, strict=True)]
