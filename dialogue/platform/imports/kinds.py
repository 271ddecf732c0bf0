"""What can be imported: rooms register their kinds here; the engine knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import models
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.platform.imports.models import Import, Outcome
from dialogue.platform.imports.reading.reasons import Reason
from dialogue.platform.tenants.models import Tenant

Words = str | Promise


class Value(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"
    FLAG = "flag"


@frozen
class Target:
    """A field a column can be mapped to. `synonyms` are lower-case headers that mean it, in any of our languages."""

    name: str
    label: Words
    value: Value = Value.TEXT
    synonyms: tuple[str, ...] = ()
    required: bool = False
    longest: int = 200
    several: bool = False
    group: Words = ""
    # A target that needs a name of its own, such as the campaign a column of answers belongs to.
    named: Words = ""


@frozen
class MatchKey:
    """A way to recognise a record that exists; `needs` are targets of which at least one must be mapped."""

    code: str
    label: Words
    needs: tuple[str, ...] = ()


@dataclass(slots=True)
class Line:
    """One row with its values read, on its way to an outcome. A target with several columns holds a list of (name, value)."""

    number: int
    values: dict[str, Any]
    cells: list[Any]
    outcome: str = ""
    subject: int | None = None
    reason: Reason | None = None
    # What the kind's `prepare` made of the values.
    ready: Any = None

    def get(self, name: str) -> Any:
        """Return the value of a target, None where it is empty or not mapped."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """Return the value of a text target, "" where it is empty."""
        return self.values.get(name) or ""


@frozen
class Column:
    """One column as mapped: its place, its header, and what stands beside the target in the map."""

    index: int
    header: str
    target: Target
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name given to a `named` target."""
        return str(self.options.get("name") or self.header)


class Batch:
    """Rows that are written in one transaction, and the journal of what they touch."""

    def __init__(self, run: Import, lines: list[Line], *, company: Tenant, by: Actor, plan: Plan) -> None:
        self.run = run
        self.lines = lines
        self.company = company
        self.by = by
        self.plan = plan
        self.totals: dict[str, Decimal] = {}
        self.details: dict[str, dict[str, dict[str, Decimal]]] = {}
        self.touched: dict[type[models.Model], set[int]] = {}
        self.made: dict[type[models.Model], set[int]] = {}
        self.before: Callable[[type[models.Model], Iterable[int]], None] = lambda _model, _ids: None
        # Waits until the batch before is committed and returns whether what was read until now is to be read anew.
        self.alone: Callable[[], bool] = lambda: False

    def open_lines(self) -> list[Line]:
        """Return the lines without an outcome yet."""
        return [line for line in self.lines if not line.outcome]

    def refuse(self, line: Line, reason: Reason) -> None:
        """Leave the row out, saying why."""
        line.outcome, line.reason = Outcome.REFUSED, reason

    def finish(self, line: Line, outcome: str, subject: int | None, reason: Reason | None = None) -> None:
        """Say what became of the row."""
        line.outcome, line.subject, line.reason = outcome, subject, reason

    def created(self, model: type[models.Model], ids: Iterable[int]) -> None:
        """Journal records that this batch made."""
        self.made.setdefault(model, set()).update(ids)

    def will_change(self, model: type[models.Model], ids: Iterable[int]) -> None:
        """Journal the present image of records that this batch is about to change. Call it before the change."""
        wanted = set(ids) - self.made.get(model, set())
        if wanted:
            self.before(model, wanted)
            self.touched.setdefault(model, set()).update(wanted)

    def add(self, currency: str, amount: Decimal, **groups: str) -> None:
        """Count an amount into the totals and into named groups, such as `by_stage="Won"`."""
        self.totals[currency] = self.totals.get(currency, Decimal(0)) + amount
        for group, name in groups.items():
            sums = self.details.setdefault(group, {}).setdefault(name, {})
            sums[currency] = sums.get(currency, Decimal(0)) + amount

    def header_of(self, target: str) -> str:
        """Return the column a target comes from, for words about it."""
        return next((column.header for column in self.plan.columns if column.target.name == target), target)


# By what a line looks for records that exist or may collide with them, and by what records of its own can be found.
Names = tuple[Collection[str], Collection[str]]


@frozen
class Plan:
    """A map understood against a table and a kind."""

    columns: list[Column]
    # Values every row gets; their `index` is -1 and `options["value"]` is what the map says.
    fixed: list[Column]
    match: str
    empty: frozenset[str]
    survey: Mapping[str, Any]
    options: Mapping[str, Any]

    def has(self, target: str) -> bool:
        """Return whether the target is mapped or constant."""
        return any(column.target.name == target for column in (*self.columns, *self.fixed))


@frozen
class Undoable:
    """Records of a model that this kind makes or changes.

    `parts` are (model, foreign key) of rows that live and die with one; `owner` is the foreign key to a record whose fate
    a made one shares, or a column of bare ids of the model labelled `owner_model`.
    """

    model: type[models.Model]
    parts: tuple[tuple[type[models.Model], str], ...] = ()
    owner: str = ""
    owner_model: str = ""


@frozen
class ImportKind:
    """One kind of import. `load` gives every open line of the batch its outcome by set statements."""

    code: str
    label: Words
    permission: str
    targets: Callable[[], list[Target]]
    load: Callable[[Batch], None]
    undoables: Callable[[], tuple[Undoable, ...]]
    keys: tuple[MatchKey, ...] = ()
    # Characteristics of this entity may be defined from the map.
    entity: str = ""
    batch_size: int = 5000
    # Given the actor, returns what makes of each line read whatever needs no database; it runs ahead, in a thread.
    prepare: Callable[[Actor], Callable[[Line], None]] | None = None
    # Given the plan, returns the names of a line, or None where batches depend on each other: a batch is written beside the one
    # before it where nothing it looks for was said there. One that finds records which exist must ask `Batch.alone` first.
    apart: Callable[[Plan], Callable[[Line], Names] | None] | None = None
    # Targets of which at least one must be mapped.
    one_of: tuple[tuple[str, ...], ...] = ()
    # The label of the model that a row's outcome speaks of, such as "parties.party".
    subject: str = ""


import_kinds: Registry[ImportKind] = Registry("import kinds")


@frozen
class LooseReference:
    """A column that points at records without a foreign key: `key` of `model` holds ids of `target`."""

    target: str
    model: type[models.Model]
    key: str
    only: Mapping[str, Any] = field(default_factory=dict)


loose_references: Registry[LooseReference] = Registry("loose references")
