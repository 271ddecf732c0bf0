"""From an address to rows: the filter as a rule tree, the order, the page by key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, F, Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import record
from dialogue.kit.statement import Compiled, Condition, Selection, compiled_of, condition_of, read_during
from dialogue.platform.criteria.fields import Asking, Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.models import SLOTS, Characterised
from dialogue.platform.criteria.operators import OPERATORS
from dialogue.platform.criteria.rules import Compiler, may_be_null
from dialogue.platform.lists.pages import PAGE_SIZE, PAGE_SIZES, ListPage
from dialogue.platform.lists.seeking import Wanted, places_of

Stretch = tuple[Q, list[str]]
PREFIX = "f."
LISTED = {FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.USER, FieldKind.LINK}
SEVERAL = {"in", "not_in", "between"}
ANY_PRESET = "all"
# The place in the list: it never survives a change of anything else.
PASSING = {"after", "before"}
# Up to so many matching rows the page itself says count and sum: reading them costs some milliseconds.
FEW = 10_000
SELECTION = Selection()
# Above so many the counts beside the filters would read the table once a filter: they stay away.
MOST_COUNTED = 100_000


def default_operator(kind: FieldKind) -> str:
    """Return the operator of a filter input that names none."""
    if kind in LISTED:
        return "in"
    if kind in {FieldKind.TEXT, FieldKind.LONG_TEXT}:
        return "contains"
    return "within" if kind in {FieldKind.DATE, FieldKind.MOMENT} else "is"


def split_name(name: str, fields: Mapping[str, Field]) -> tuple[Field, str] | None:
    """Return the field and the operator of a parameter such as `f.budget.at_least`, or None for an unknown field."""
    rest = name.removeprefix(PREFIX)
    if rest in fields:
        return fields[rest], default_operator(fields[rest].kind)
    stem, _dot, operator = rest.rpartition(".")
    if stem in fields and operator in OPERATORS[fields[stem].kind]:
        return fields[stem], operator
    return None


@record
class Cursor:
    """A place in an ordered list: the order's value and the id of the row beside it."""

    value: Any
    pk: int

    def encode(self) -> str:
        """Return the cursor as it stands in an address."""
        value = self.value
        if isinstance(value, (Decimal, datetime, date)):
            value = str(value) if isinstance(value, Decimal) else value.isoformat()
        return base64.urlsafe_b64encode(json.dumps([value, self.pk]).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Return the cursor of an address.

        Raises:
            Refusal: somebody changed it.
        """
        try:
            value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if isinstance(value, (dict, list)):
                raise TypeError
            return cls(value, int(pk))
        except (ValueError, TypeError):
            raise Refusal(_("This page of the list no longer exists: begin from its first page."), field="after") from None


@record
class Order:
    """One sort: a path, its direction, whether it can be empty (empty values come last either way)."""

    field: Field
    descending: bool
    nullable: bool

    def stretches(self, cursor: Cursor | None = None, *, backwards: bool = False) -> list[Stretch]:
        """Return the stretches to read one after the other, each as a condition and an ORM ordering an index serves.

        Rows that hold the value come first, rows without it after them; the id breaks ties. `cursor` leaves out
        everything up to it, `backwards` reads towards the beginning.
        """
        path, down = self.field.sort, self.descending != backwards
        sign, ids = ("lt", "-pk") if down else ("gt", "pk")
        ordering = [f"-{path}" if down else path, ids]
        held, empty = Q(**{f"{path}__isnull": False}), Q(**{f"{path}__isnull": True})
        if cursor is None:
            return [(held, ordering), (empty, [ids])] if self.nullable else [(Q(), ordering)]
        later_id = Q(**{f"pk__{sign}": cursor.pk})
        if cursor.value is None:
            return [(empty & later_id, [ids]), *([(held, ordering)] if backwards else [])]
        # The redundant bound lets PostgreSQL begin its index scan at the cursor.
        bound = Q(**{f"{path}__{sign}e": cursor.value})
        first = bound & (Q(**{f"{path}__{sign}": cursor.value}) | (Q(**{path: cursor.value}) & later_id))
        return [(first, ordering), *([(empty, [ids])] if self.nullable and not backwards else [])]


@record
class Page:
    """One page of rows with the cursors of its neighbours."""

    rows: list[Any]
    after: str = ""
    before: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows there are."""
        return not self.after and not self.before


@record
class Totals:
    """What the footer says: how many match, and their sum per currency."""

    count: int
    sums: list[tuple[str, Decimal]] = field(default_factory=list)


@record
class ListQuery:
    """One reading of a list: everything the address says, understood against the list's declaration."""

    page: ListPage
    given: QueryDict
    asking: Asking

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The entity's fields, built in and defined."""
        return self.page.of().every_field()

    @cached_property
    def preset(self) -> str:
        """The code of the preset in force; `all` where a person chose none."""
        code = self.given.get("view", "")
        if code == ANY_PRESET:
            return ""
        return code if self.page.preset(code) else self.page.default_preset

    @cached_property
    def text(self) -> str:
        """What is searched for."""
        return " ".join(self.given.get("q", "").split())[:200]

    @cached_property
    def size(self) -> int:
        """Rows a page."""
        asked = self.given.get("size", "")
        return int(asked) if asked.isdecimal() and int(asked) in PAGE_SIZES else PAGE_SIZE

    @cached_property
    def conditions(self) -> list[tuple[Field, str, Any]]:
        """The filter inputs that hold a value, as (field, operator, value)."""
        found = []
        for name in self.given:
            if not name.startswith(PREFIX):
                continue
            values = [value for value in self.given.getlist(name) if value.strip()]
            known = split_name(name, self.fields)
            if not values or known is None:
                continue
            one, operator = known
            found.append((one, operator, values if operator in SEVERAL else values[0]))
        return found

    @cached_property
    def tree(self) -> dict[str, Any]:
        """The whole filter as one rule tree."""
        parts: list[Any] = []
        preset = self.page.preset(self.preset)
        if preset:
            parts.append(dict(preset.rule))
        for one, operator, value in self.conditions:
            parts.append(self._part(one, operator, value))
        written = self.given.get("filter", "")
        if written:
            try:
                parts.append(json.loads(written))
            except ValueError:
                raise Refusal(_("The filter is not a rule in JSON."), field="filter") from None
        return {"all": parts}

    @staticmethod
    def _part(one: Field, operator: str, value: Any) -> dict[str, Any]:
        if isinstance(value, list) and "-" in value:
            # The dash among the choices means "without a value".
            rest = [code for code in value if code != "-"]
            empty = {"field": one.name, "empty": True}
            return {"any": [empty, {"field": one.name, operator: rest}]} if rest else empty
        if operator == "within" and isinstance(value, str) and not value[:1].isdecimal():
            return {"field": one.name, "period": value}
        return {"field": one.name, operator: value}

    @cached_property
    def order(self) -> Order:
        """The sort in force."""
        asked = self.given.get("sort", "") or self.page.sort
        found = self.fields.get(asked.lstrip("-"))
        if found is None or not found.sort:
            asked = self.page.sort
            found = self.fields[asked.lstrip("-")]
        return Order(found, asked.startswith("-"), may_be_null(self.page.of().model, found.sort))

    def may_be_empty(self, one: Field) -> bool:
        """Return whether a record may hold no value of a listed field."""
        if one.links or one.characteristic is not None:
            return True
        return may_be_null(self.page.of().model, one.path.removesuffix("_id"))

    @cached_property
    def columns(self) -> list[Field]:
        """The columns shown, in order."""
        asked = [name for name in self.given.get("cols", "").split(",") if name in self.fields]
        return [self.fields[name] for name in (asked or self.page.columns) if name in self.fields and self.fields[name].shown]

    def matching(self) -> QuerySet[Any]:
        """Return every row the member may see and the filter matches, in no order."""
        return self._matched.all()

    @cached_property
    def _matched(self) -> QuerySet[Any]:
        entity = self.page.of()
        rows = entity.visible_to(self.asking.actor).filter(Compiler(entity, self.asking, fields=self.fields).compile(self.tree))
        if self.text:
            rows = self.page.search(rows, self.text, self.asking)
        return rows

    @contextmanager
    def reading(self) -> Iterator[tuple[Page, Callable[[], Totals | None]]]:
        """Read one page and ask for its totals in the same turn: PostgreSQL counts while the block prints the rows.

        One row more than shown is read. The totals are None for a list too long to count at once.
        """
        given = self.given.get("before") or self.given.get("after")
        cursor = Cursor.decode(given) if given else None
        stretches = self.order.stretches(cursor, backwards=bool(self.given.get("before")))
        counted: Callable[[], Any]
        with ExitStack() as turn:
            try:
                if self._is_scattered(stretches):
                    read, number = self._sought(stretches[0], self.size + 1)
                    stretches, counted = [], lambda: [(None, number, None)]
                else:
                    compiled = self._selected(stretches[0], self.size + 1)
                    read, counted = turn.enter_context(read_during(compiled, self._few()))
            except EmptyResultSet:
                read, stretches, counted = [], [], list
            page = self._page(self._filled(read, stretches[1:], self.size + 1))
            yield page, lambda: self.totals_of(page.rows) if page.is_whole else self._of_few(counted())

    def _page(self, read: list[Any]) -> Page:
        backwards, cursor = bool(self.given.get("before")), self.given.get("before") or self.given.get("after")
        more = len(read) > self.size
        shown = read[: self.size]
        if backwards:
            shown.reverse()
        page = Page(shown)
        if shown and (more or backwards):
            page.after = self.cursor_of(shown[-1])
        if shown and ((more and backwards) or (cursor and not backwards)):
            page.before = self.cursor_of(shown[0])
        if backwards and not more:
            page.before = ""
        return page

    def next_rows(self, most: int, cursor: Cursor | None = None, *, backwards: bool = False) -> list[Any]:
        """Return up to `most` rows in the order in force, from the cursor on."""
        stretches = self.order.stretches(cursor, backwards=backwards)
        try:
            # Behind the first rows there are many more: each further look would find and put in order all of them.
            if cursor is None and self._is_scattered(stretches):
                return self._sought(stretches[0], most)[0]
        except EmptyResultSet:
            return []
        return self._filled([], stretches, most)

    def _is_scattered(self, stretches: Sequence[Stretch]) -> bool:
        """Return whether the page's rows have to be looked for before they are read."""
        narrowed = self.conditions or self.preset or self.given.get("filter")
        if not self.page.scattered or not narrowed or self.text or len(stretches) > 1 or self._condition is None:
            return False
        return "__" not in self.order.field.sort

    def _sought(self, stretch: Stretch, most: int) -> tuple[list[Any], int]:
        """Return up to `most` rows, and how many match, up to one more than a few."""
        (narrower, ordering), model = stretch, self.page.of().model
        beyond = condition_of(model._base_manager.filter(narrower))
        if beyond is None or self._condition is None:
            return list(self._stretch(stretch, most)), FEW + 1
        wanted = Wanted(model, self.order.field.sort, ordering[0].startswith("-"), self._condition, beyond)
        found, number = places_of(wanted, FEW, most)
        if not found:
            return [], number
        within = {f"{self.order.field.sort}__range": sorted([found[0][1], found[-1][1]])}
        places = {pk: place for place, (pk, _value) in enumerate(found)}
        rows = self.rows(model._base_manager.filter(pk__in=list(places), **within))
        return sorted(rows, key=lambda row: places[row.pk]), number

    def _filled(self, read: list[Any], stretches: Sequence[Stretch], most: int) -> list[Any]:
        for stretch in stretches:
            if len(read) < most:
                read += self._stretch(stretch, most - len(read))
        return read

    @cached_property
    def _condition(self) -> Condition | None:
        return condition_of(self._matched)

    def _selected(self, stretch: Stretch, most: int) -> Compiled:
        """Return the statement of a stretch; only its condition is written anew where it speaks of the list's own table."""
        model, (narrower, ordering) = self.page.of().model, stretch
        beyond = condition_of(model._base_manager.filter(narrower))
        if self._condition is None or beyond is None:
            return compiled_of(self._stretch(stretch, most))
        (sql, parameters), (more, others) = self._condition, beyond
        key = (model, self._reading_along, tuple(ordering), most)

        def rows(among: QuerySet[Any]) -> QuerySet[Any]:
            return self.rows(among).order_by(*ordering)[:most]

        return SELECTION.matching(key, rows, model, (f"({sql}) AND ({more})", (*parameters, *others)))

    def _stretch(self, stretch: Stretch, most: int) -> QuerySet[Any]:
        condition, ordering = stretch
        return self.rows().filter(condition).order_by(*ordering)[:most]

    def rows(self, among: QuerySet[Any] | None = None) -> QuerySet[Any]:
        """Return what matches (or the rows `among`) with all that the shown columns read along, in no order.

        Slots of characteristics stay unread: rows show them from the JSON.
        """
        joins, fetches, needed = self._reading_along
        rows = (self.matching() if among is None else among).prefetch_related(*fetches)
        rows = rows.select_related(*joins) if joins else rows
        if needed:
            return rows.only(*needed)
        model = self.page.of().model
        unread = [slot for slot in SLOTS if slot != self.order.field.sort] if issubclass(model, Characterised) else []
        for join in joins:
            other = model._meta.get_field(join).related_model if "__" not in join else None
            if isinstance(other, type) and issubclass(other, Characterised):
                unread += [f"{join}__{slot}" for slot in SLOTS]
        return rows.defer(*unread) if unread else rows

    @cached_property
    def _reading_along(self) -> tuple[tuple[str, ...], tuple[Any, ...], tuple[str, ...]]:
        """What is joined, what is fetched besides, and the columns of the database that are read; none of these means all."""
        joins = dict.fromkeys(join for column in [*self.columns, self.order.field] for join in column.joins)
        fetches = dict.fromkeys(fetch for column in self.columns for fetch in column.fetches)
        return tuple(joins), tuple(fetches), tuple(self._needed())

    def _needed(self) -> list[str]:
        """Return the columns of the database that the page prints, or nothing where the declaration does not say."""
        shown = [*self.columns, self.order.field]
        if not self.page.reads or not all(one.reads or one.is_plain for one in shown):
            return []
        needed = [*self.page.reads, self.order.field.sort]
        for one in shown:
            needed += one.reads or [path for path in (one.path, one.currency) if path]
        return list(dict.fromkeys(needed))

    def cursor_of(self, row: Any) -> str:
        """Return the row's place in the order, as it stands in an address."""
        value = row
        for step in self.order.field.sort.split("__"):
            value = getattr(value, step, None)
        return Cursor(value, row.pk).encode()

    def totals(self) -> Totals:
        """Return count and sums of all that match, by one query."""
        rows = self.matching().order_by()
        if not self.page.amount:
            return Totals(rows.count())
        money = self.fields[self.page.amount]
        grouped = rows.values(money.currency).annotate(number=Count("pk"), total=Sum(money.path))
        return self._summed((row[money.currency], row["number"], row["total"]) for row in grouped)

    def _few(self) -> tuple[str, Any]:
        """Return what asks for the same of the first rows, so many that one more than a few shows."""
        money = self.fields[self.page.amount] if self.page.amount else None
        if self._condition is not None:
            sql, parameters = self._condition
            few = f'FROM "{self.page.of().model._meta.db_table}" WHERE {sql} LIMIT {FEW + 1}'
            if money is None:
                return f"SELECT NULL, count(*), NULL FROM (SELECT 1 {few}) few", parameters
            shown = f'SELECT "{money.currency}", "{money.path}" {few}'
            return f"SELECT currency, count(*), sum(amount) FROM ({shown}) few (currency, amount) GROUP BY 1", parameters
        rows = self.matching().order_by()[: FEW + 1]
        if money is None:
            statement, parameters = rows.values_list("pk").query.sql_with_params()
            return f"SELECT NULL, count(*), NULL FROM ({statement}) few", parameters
        statement, parameters = rows.values_list(money.currency, money.path).query.sql_with_params()
        asked = f"SELECT currency, count(*), sum(amount) FROM ({statement}) few (currency, amount) GROUP BY 1"
        return asked, parameters

    def _of_few(self, groups: Any) -> Totals | None:
        found = self._summed(groups)
        return found if found.count <= FEW else None

    def totals_of(self, rows: list[Any]) -> Totals:
        """Return the same of rows at hand, without a query."""
        if not self.page.amount:
            return Totals(len(rows))
        money = self.fields[self.page.amount]
        return self._summed((getattr(row, money.currency), 1, getattr(row, money.path)) for row in rows)

    @staticmethod
    def _summed(groups: Any) -> Totals:
        count = 0
        sums: dict[str, Decimal] = {}
        for currency, number, total in groups:
            count += number
            if total is not None and currency:
                sums[currency] = sums.get(currency, Decimal(0)) + total
        return Totals(count, sorted(sums.items(), key=lambda item: -abs(item[1])))

    def facets(self) -> dict[str, dict[str, int]]:
        """Return, for each quick filter with a list, how many matching rows hold each value, its own condition aside."""
        asked: list[QuerySet[Any, Any]] = []
        for name in self.page.quick:
            one = self.fields.get(name)
            if one is None or one.kind not in LISTED or one.among:
                continue
            others = self.given.copy()
            for key in [key for key in others if key == PREFIX + name or key.startswith(f"{PREFIX}{name}.")]:
                del others[key]
            reading = ListQuery(self.page, others, self.asking)
            reading.fields = self.fields
            # Without its own condition much more may match than is counted here.
            if len(others) < len(self.given) and reading.matching().order_by()[: MOST_COUNTED + 1].count() > MOST_COUNTED:
                continue
            held = Cast(F(one.path), TextField())
            rows = reading.matching().order_by().annotate(facet=Value(name, TextField()), held=held)
            asked.append(rows.values_list("facet", "held").annotate(number=Count("pk")))
        counted: dict[str, dict[str, int]] = {}
        for facet, value, number in asked[0].union(*asked[1:], all=True) if asked else ():
            counted.setdefault(facet, {})["-" if value is None else value] = number
        return counted

    def address(self, **changes: str | None) -> str:
        """Return the query string with some parameters changed; None takes one out. Cursors never survive a change."""
        pairs = [
            (name, values) for name, values in self.given.lists() if name not in PASSING and changes.get(name, "") is not None
        ]
        params = {name: [changes[name]] if name in changes else values for name, values in pairs}
        params |= {name: [value] for name, value in changes.items() if value is not None and name not in params}
        return urlencode(params, doseq=True)
