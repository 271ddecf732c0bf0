"""Small tables that pages read again and again: remembered by the process, checked against the database at each request.

One statement at the beginning of a page reads a stamp of each reference: how many rows its tables hold for the company, and
a hash over place and `xmin` of these rows. PostgreSQL gives every row version that is written another of the two, so any
change gives another stamp and what was remembered is made anew. Nothing is trusted for a time, nothing has to be told.
Work that may write (a form, a job, a command) carries no stamps and remembers nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache
from threading import Lock
from typing import Any, Generic, TypeVar

from django.apps import apps

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.kit.scope import current_scope, current_tenant

T = TypeVar("T")
MOST_REMEMBERED = 4000
COMPANY = "(SELECT nullif(current_setting('app.tenant', true), '')::bigint)"


@frozen
class Reference:
    """What is stamped: whole tables of the company, or with `own` (a column) only the asker's rows of them.

    `sql` replaces the tables by a scalar text of its own; it may name `%(user)s` and must narrow to `COMPANY`.
    """

    models: tuple[str, ...] = ()
    own: str = ""
    sql: str = ""

    def statement(self) -> str:
        """Return the scalar subselect that gives the stamp."""
        if self.sql:
            return f"({self.sql})"
        return "concat_ws('/', " + ", ".join(self._of(model) for model in self.models) + ")"

    def _of(self, model: str) -> str:
        table = apps.get_model(model)._meta.db_table
        own = f" AND t.{self.own} = %(user)s" if self.own else ""
        return f"(SELECT {stamp_of('t')} FROM {table} t WHERE t.tenant_id = {COMPANY}{own})"


def stamp_of(alias: str) -> str:
    """Return the SQL aggregate that stamps the rows of a table known as `alias`."""
    return f"concat_ws('.', count(*), bit_xor(hashtidextended({alias}.ctid, {alias}.xmin::text::bigint)))"


references: Registry[Reference] = Registry("references")


@cache
def stamps_statement() -> str:
    """Return the statement that reads the stamp of every reference, in the registry's order; it takes `user`."""
    return "SELECT " + ", ".join(reference.statement() for reference in references)


class Memory(Generic[T]):
    """Values by key, each with the stamp it was made under; the oldest go when there are too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, tuple[str, T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, stamp: str, make: Callable[[], T]) -> T:
        """Return the value under this stamp, made now where there is none."""
        found = self._held.get(key)
        if found is not None and found[0] == stamp:
            return found[1]
        value = make()
        self.put(key, stamp, value)
        return value

    def put(self, key: Hashable, stamp: str, value: T) -> None:
        """Keep a value."""
        with self._lock:
            self._held[key] = (stamp, value)
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


_remembered: Memory[Any] = Memory(MOST_REMEMBERED)


def remembered(reference: str, make: Callable[[], T], *, key: Hashable = ()) -> T:
    """Return `make()`, or what it returned before while the reference's tables hold the same rows.

    `key` tells apart several values of one reference. The value is shared between requests: nobody may change it.
    """
    stamps = current_scope().stamps
    if stamps is None:
        return make()
    value: T = _remembered.get((current_tenant(), reference, key), stamps[reference], make)
    return value
