"""Rule trees as Ibis expressions over the marts: the same meaning as `rules.Compiler` gives them in PostgreSQL.

Ibis only, never SQL, so that another engine can follow; only `warehousing` loads this module. What is unknown counts as false, as
Django's conditions do in effect: "not" makes its condition sure first, so that "not" of a missing value is true; elsewhere rows are
only kept where a condition is true, and bare comparisons are read off the files' statistics. Relations are semi-joins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import ibis
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DecimalField, ForeignKey, ManyToOneRel, Model

from dialogue.kit.frozen import frozen, record
from dialogue.kit.rows import BinRow
from dialogue.platform.criteria.clock import RELATIVE, STAND_INS, Clock, Moving
from dialogue.platform.criteria.fields import Asking, Entity, Field, Relation, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.operators import COMPARISONS, NEGATIVE, bounds_in_time, several, truth
from dialogue.platform.criteria.rules import AGGREGATES, Tree
from dialogue.platform.criteria.terms import COMPARE, MOST_WHOLE, among, other_than, refuse, scaled, sure, upper_of
from dialogue.platform.criteria.warehousing import warehouse_leaves
from dialogue.platform.warehouse.marts import SCALE, UPPER, RollUp, mart_of, marts, rollups
from dialogue.platform.warehouse.store import Manifest

MOST_DECIMALS = 6
SOME = 400
# Of a table with more columns only those are named that the rule may ask for: Ibis goes through all of them at every step.
WIDE = 24
Make = Callable[[Any], Any]
Among = Sequence[tuple[tuple[str, ...], Any]]


@frozen
class Bounds:
    """What is asked of a customer's rows together: their count, or the sum or average of a column."""

    name: str
    column: str
    asked: Mapping[str, Any]


@record
class Expressions:
    """Compiles trees for one asker over the files of one manifest.

    `clock` knows what moves with time; `momentary` says that the meaning may change otherwise, so that nothing is kept.
    """

    asking: Asking
    manifest: Manifest
    momentary: bool = False
    clock: Clock = field(default_factory=Clock)
    fields: dict[str, dict[str, Field]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def sql(self, entity: Entity, tree: Any, what: str) -> str:
        """Return the whole question as DuckDB's SQL: `count` or `ids` of the entity's records that match."""
        self.named = {"id", "deleted_at", *self._columns_of(tree)}
        rows = self.rows(entity.model)
        try:
            found = rows.filter(self.compile(entity, tree, rows))
        except (ValueError, TypeError, KeyError, InvalidOperation, OverflowError) as error:
            raise refuse(f"a value of another sort: {error}") from error
        asked = found.agg(n=found.count(), some=found.id.collect()[:SOME]) if what == "count" else found.select("id")
        return str(ibis.to_sql(asked, dialect="duckdb"))

    def _columns_of(self, tree: Any) -> set[str]:
        """Return the columns, of whatever table, that the fields named anywhere in the tree may need."""
        if isinstance(tree, list):
            return {name for part in tree for name in self._columns_of(part)}
        if not isinstance(tree, Mapping):
            return set()
        found = {name for part in tree.values() for name in self._columns_of(part)}
        for word in ("field", "sum", "average", "months"):
            for entity in entities if isinstance(tree.get(word), str) else ():
                one = self._fields(entity).get(tree[word])
                last = one.path.rpartition("__")[2] if one else ""
                found |= {last, last + UPPER, one.currency} if one else set()
        return found

    def table(self, name: str) -> Any:
        """Return a mart or a roll-up.

        Raises:
            NotInWarehouse: the files do not hold it.
        """
        if name in self.manifest.marts:
            types = marts.get(name).types
            if len(types) > WIDE:
                types = {one: kind for one, kind in types.items() if one in self.named or one.endswith("_id")}
            return ibis.table(types, name=name)
        if name in self.manifest.rollups:
            return ibis.table(rollups.get(name).types, name=name)
        raise refuse(f"no mart {name}")

    def every(self, model: type[Model]) -> Any:
        """Return a model's rows, also those in the bin."""
        name = mart_of(model)
        if name is None:
            raise refuse(f"no mart of {model._meta.label}")
        return self.table(name)

    def rows(self, model: type[Model]) -> Any:
        """Return the rows the model's own manager gives: without the bin."""
        rows = self.every(model)
        return rows.filter(rows.deleted_at.isnull()) if issubclass(model, BinRow) else rows

    def newest(self, rows: Any, by: str, order: Sequence[str]) -> Any:
        """Return the last row of each `by` in the order of these columns."""
        window = ibis.window(group_by=by, order_by=[rows[name].desc() for name in order])
        numbered = rows.mutate(place=ibis.row_number().over(window))
        return numbered.filter(numbered.place == 0)

    def moment(self, at: datetime) -> Any:
        """Return an aware moment as the marts keep it; one that moves with the clock stands there by its stand-in."""
        plain = self.clock.stand_in(at) or at.astimezone(UTC).replace(tzinfo=None)
        return ibis.literal(plain, type="timestamp")

    def day(self, day: date) -> Any:
        """Return a day as the marts keep it; one that moves with the clock stands there by its stand-in."""
        return ibis.literal(self.clock.stand_in(day) or day, type="date")

    def now(self) -> Any:
        """Return the moment of asking, whenever that is."""
        return self.moment(self.clock.moving(self.asking.now, Moving("now")))

    def today(self) -> Any:
        """Return the day of asking in the asker's zone, whenever that is."""
        today = Moving("today")
        return self.day(self.clock.moving(today.value_for(self.asking), today))

    def compile(self, entity: Entity, tree: Any, rows: Any) -> Any:
        """Return the tree as a condition on the rows."""
        if "all" in tree or "any" in tree:
            return self._join(entity, tree, rows)
        if "not" in tree:
            return other_than(self.compile(entity, tree["not"], rows))
        if "field" in tree:
            found = self._fields(entity)[tree["field"]]
            asked = [self._one(entity, found, operator, value, rows) for operator, value in tree.items() if operator != "field"]
            return ibis.and_(*asked)
        if "has" in tree or "lacks" in tree:
            return self._relation(entity, tree, rows)
        for name in warehouse_leaves.keys():  # noqa: SIM118  a registry iterates its items
            if name in tree:
                return warehouse_leaves.get(name)(self, tree, rows)
        raise refuse(f"no such leaf here: {sorted(tree)}")

    def _join(self, entity: Entity, tree: Tree, rows: Any) -> Any:
        parts = [self.compile(entity, part, rows) for part in tree["all" if "all" in tree else "any"]]
        if not parts:
            return ibis.literal("all" in tree)
        return ibis.and_(*parts) if "all" in tree else ibis.or_(*parts)

    def _fields(self, entity: Entity) -> dict[str, Field]:
        if entity.name not in self.fields:
            self.fields[entity.name] = entity.every_field()
        return self.fields[entity.name]

    def _one(self, entity: Entity, found: Field, operator: str, value: Any, rows: Any) -> Any:
        """Return one comparison; the negative ones are "not" of the positive."""
        if found.compare is not None or found.path.startswith("characteristics__"):
            raise refuse(f"the field {found.name} has no column")
        *steps, column = found.path.split("__")
        if operator == "empty":
            there = self._somewhere(
                entity.model, steps, rows, lambda t, m: self._there(found, m, column, t), self._among(found)
            )
            return other_than(there) if truth(value) else there
        positive = NEGATIVE.get(operator, operator)
        some = self._somewhere(
            entity.model, steps, rows, lambda t, m: self.leaf(found, m, column, (positive, value), t), self._among(found)
        )
        return some if positive == operator else other_than(some)

    @staticmethod
    def _among(found: Field) -> Among:
        return [(tuple(path.split("__")), value) for path, value in found.among.items()]

    def _somewhere(
        self, model: type[Model], steps: Sequence[str], rows: Any, make: Callable[[Any, type[Model]], Any], among: Among = ()
    ) -> Any:
        """Return whether a row at the end of the path is such: a semi-join for every step."""
        if not steps:
            condition = make(rows, model)
            for path, value in among:
                if len(path) != 1:
                    raise refuse("a narrowing on another path")
                condition = condition & (rows[path[0]] == value)
            return condition
        step, rest = steps[0], steps[1:]
        if any(path[0] != step for path, _value in among):
            raise refuse("a narrowing on another path")
        inner = [(path[1:], value) for path, value in among]
        target, near, far = self.step(model, step)
        there = self.every(target)
        found = there.filter(there[far].notnull() & self._somewhere(target, rest, there, make, inner))
        return rows[near].isin(found[far])

    @staticmethod
    def step(model: type[Model], step: str) -> tuple[type[Model], str, str]:
        """Return where one step of a path leads, and the columns that meet: ours and theirs."""
        try:
            found = model._meta.get_field(step)
        except FieldDoesNotExist:
            raise refuse(f"no step {step}") from None
        if isinstance(found, ForeignKey):
            return found.related_model, found.attname, "id"
        if isinstance(found, ManyToOneRel):
            return found.related_model, "id", str(found.field.attname)
        raise refuse(f"no step {step}")

    def column(self, rows: Any, name: str) -> Any:
        """Return a column.

        Raises:
            NotInWarehouse: the mart has none of this name.
        """
        if name not in rows.columns:
            raise refuse(f"no column {name}")
        return rows[name]

    def _there(self, found: Field, model: type[Model], column: str, rows: Any) -> Any:
        held = self.column(rows, column)
        texts = {FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.CHOICE}
        if found.kind in texts and not found.links and held.type().is_string():
            return held.notnull() & sure(held != "")
        return held.notnull()

    def leaf(self, found: Field, model: type[Model], column: str, asked: tuple[str, Any], rows: Any) -> Any:
        """Return a positive comparison of a column of these rows."""
        operator, value = asked
        held = self.column(rows, column)
        if found.kind == FieldKind.TEXT:
            return self._text(found, column, asked, rows)
        if found.kind in {FieldKind.NUMBER, FieldKind.MONEY}:
            return self._number(found, (held, self._scale(model, column)), asked, rows)
        if found.kind in {FieldKind.DATE, FieldKind.MOMENT}:
            return self._time(found, held, operator, value)
        if found.kind == FieldKind.YES_NO:
            return held == (truth(value) if held.type().is_boolean() else int(truth(value)) * self._scale(model, column))
        if found.kind in {FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.USER, FieldKind.LINK}:
            values = several(value) if operator == "in" else [value]
            return among(held, [self._exact(found, self._scale(model, column), held, one) for one in values])
        raise refuse(f"the kind {found.kind}")

    @staticmethod
    def _scale(model: type[Model], column: str) -> int:
        field = next((one for one in model._meta.concrete_fields if one.attname == column), None)
        return SCALE if isinstance(field, DecimalField) else 1

    def _exact(self, found: Field, scale: int, held: Any, value: Any) -> Any:
        if found.kind == FieldKind.USER and value == "me":
            return self.asking.actor.user
        if held.type().is_string():
            return str(value)
        number = int(str(value)) * scale
        if abs(number) > MOST_WHOLE:
            raise refuse("a number out of range")
        return number

    def _text(self, found: Field, column: str, asked: tuple[str, Any], rows: Any) -> Any:
        operator, value = asked
        if operator == "in":
            return among(rows[column], [str(one) for one in several(value)])
        folded = self.column(rows, column + UPPER)
        word = upper_of(str(value) if found.clean is None else found.clean(str(value)))
        return {"is": folded == word, "contains": folded.contains(word), "starts": folded.startswith(word)}[operator]

    def _number(self, found: Field, measured: tuple[Any, int], asked: tuple[str, Any], rows: Any) -> Any:
        (held, scale), (operator, value) = measured, asked
        if operator == "between":
            low, high = (Decimal(str(one["amount"] if isinstance(one, dict) else one)) for one in several(value))
            return scaled("gte", held, low, scale) & scaled("lte", held, high, scale)
        number = Decimal(str(value["amount"] if isinstance(value, dict) else value))
        condition = scaled(COMPARISONS[operator], held, number, scale)
        if isinstance(value, dict) and found.currency:
            condition = condition & (self.column(rows, found.currency) == str(value["currency"]).upper())
        return condition

    def _edges(self, found: Field, operator: str, value: Any) -> list[tuple[str, Any]]:
        edges = bounds_in_time(found.kind, operator, value, self.asking)
        if operator in RELATIVE:
            moving = (Moving(operator, found.kind, str(value), place) for place in range(len(edges)))
            return [(lookup, self.clock.moving(edge, one)) for (lookup, edge), one in zip(edges, moving, strict=True)]
        if any(edge.year >= STAND_INS for _lookup, edge in edges):
            raise refuse("a time too far away")
        return edges

    def _time(self, found: Field, held: Any, operator: str, value: Any) -> Any:
        edges = self._edges(found, operator, value)
        return ibis.and_(*(COMPARE[lookup](held, self._literal(edge)) for lookup, edge in edges))

    def _literal(self, edge: Any) -> Any:
        return self.moment(edge) if isinstance(edge, datetime) else self.day(edge)

    def _relation(self, entity: Entity, tree: Tree, rows: Any) -> Any:
        word = "has" if "has" in tree else "lacks"
        relation = entity.relations.get(str(tree[word]))
        inner = entities.get(relation.entity)
        name = next((one for one in AGGREGATES if one in tree), "count")
        asked = {one: tree[one] for one in COMPARISONS if one in tree} if word == "has" else {}
        if name == "months":
            months = self._in_months(inner, relation, tree.get("where", []), str(tree[name]))
            return rows.id.isin(months.filter(self._bounded(months, Bounds("count", "", asked))).key)
        bounds = Bounds(name, "" if name == "count" else self._measured(inner, str(tree[name])), asked)
        keys = self._summed(inner, relation, tree.get("where", []), bounds)
        if keys is None:
            keys = self._counted(inner, relation, tree.get("where", []), bounds)
        there = rows.id.isin(keys)
        return there if word == "has" else ~there

    def _measured(self, inner: Entity, name: str) -> str:
        found = self._fields(inner)[name]
        if "__" in found.path or self._scale(inner.model, found.path) == 1:
            raise refuse(f"no sums of {name}")
        return found.path

    def _in_months(self, inner: Entity, relation: Relation, where: Sequence[Tree], name: str) -> Any:
        """Return the keys with the number of different months, by a roll-up of the asker's calendar.

        Raises:
            NotInWarehouse: no roll-up tells these rows' months.
        """
        path = self._fields(inner)[name].path
        for one in rollups.keys():  # noqa: SIM118
            rollup = rollups.get(one)
            fits = one in self.manifest.rollups and rollup.monthly and rollup.key == relation.key and rollup.at == path
            if fits and marts.get(rollup.mart).model is inner.model and self.manifest.zone == str(self.asking.zone):
                found = self._by_rollup(one, rollup, inner, relation, where, aggregated=False)
                if found is not None:
                    each = found.select(key=found[rollup.key], month=found.month).distinct()
                    return each.group_by("key").agg(n=each.count())
        raise refuse(f"no months of {name}")

    def _counted(self, inner: Entity, relation: Relation, where: Sequence[Tree], bounds: Bounds) -> Any:
        """Return the keys of whom the rows belong to, by the rows themselves."""
        rows = self.rows(inner.model)
        conditions = [self.column(rows, path) == value for path, value in relation.extra.items()]
        conditions += [self.compile(inner, part, rows) for part in where]
        found = rows.filter(*conditions) if conditions else rows
        *steps, column = relation.key.split("__")
        if not steps:
            keyed = found.select(key=found[column], value=found[bounds.column or "id"])
        elif len(steps) == 1:
            target, near, far = self.step(inner.model, steps[0])
            there = self.every(target)
            both = found.select(own=found[near], value=found[bounds.column or "id"]).join(
                there.select(meet=there[far], key=there[column]), [("own", "meet")]
            )
            keyed = both.select("key", "value")
        else:
            raise refuse("a longer path")
        keyed = keyed.filter(keyed.key.notnull())
        if not bounds.asked:
            return keyed.key
        sums = keyed.group_by("key").agg(n=keyed.count(), total=keyed.value.sum(), counted=keyed.value.count())
        return sums.filter(self._bounded(sums, bounds)).key

    def _bounded(self, sums: Any, bounds: Bounds) -> Any:
        """Return the condition on rows with `n`, `total` and `counted`."""
        conditions = []
        for bound, given in bounds.asked.items():
            number, lookup = Decimal(str(given)), COMPARISONS[bound]
            if bounds.name == "count":
                conditions.append(scaled(lookup, sums.n, number, 1))
            elif bounds.name == "sum":
                conditions.append(scaled(lookup, sums.total, number))
            else:
                conditions.append(self._average(sums, lookup, number))
        return ibis.and_(*conditions)

    @staticmethod
    def _average(sums: Any, lookup: str, number: Decimal) -> Any:
        """Compare total / counted without dividing; `number` has few decimals, so PostgreSQL's rounded quotient agrees."""
        exact = number * SCALE * 10**MOST_DECIMALS
        if exact != exact.to_integral_value() or abs(exact) > MOST_WHOLE:
            raise refuse("an average of so many decimals")
        whole = "decimal(38, 0)"
        return COMPARE[lookup](sums.total.cast(whole) * 10**MOST_DECIMALS, sums.counted.cast(whole) * int(exact))

    def _summed(self, inner: Entity, relation: Relation, where: Sequence[Tree], bounds: Bounds) -> Any:
        """Return the keys by a roll-up whose rows say the same; None where none does."""
        for one in rollups.keys():  # noqa: SIM118
            rollup = rollups.get(one)
            fits = one in self.manifest.rollups and not rollup.monthly and rollup.key == relation.key
            if fits and marts.get(rollup.mart).model is inner.model and bounds.column in {"", rollup.amount}:
                found = self._by_rollup(one, rollup, inner, relation, where, aggregated=bool(bounds.asked))
                if found is None:
                    continue
                return self._rolled(one, rollup, found, bounds) if bounds.asked else found[rollup.key]
        return None

    def _by_rollup(
        self, one: str, rollup: RollUp, inner: Entity, relation: Relation, where: Sequence[Tree], *, aggregated: bool
    ) -> Any:
        """Return the roll-up's rows that hold a row such as asked, or None."""
        rows, conditions = self.table(one), []
        if not set(rollup.among) <= set(relation.extra.items()):
            return None
        for path, value in relation.extra.items():
            if path in rollup.by:
                conditions.append(rows[path] == value)
            elif (path, value) not in rollup.among:
                return None
        edges: list[tuple[str, Any]] = []
        for part in where:
            found = self._fields(inner)[part["field"]] if "field" in part else None
            if found is None:
                return None
            if found.path in rollup.by and not found.links and found.compare is None:
                conditions.append(self.compile(inner, part, rows))
            elif found.path == rollup.at and not aggregated and "empty" not in part:
                asked = [(operator, value) for operator, value in part.items() if operator != "field"]
                edges += [edge for operator, value in asked for edge in self._edges(found, operator, value)]
            else:
                return None
        told = self._told(rows, edges, self.manifest.rollups[one].latest)
        if told is None:
            return None
        conditions += told
        return rows.filter(*conditions) if conditions else rows

    def _told(self, rows: Any, edges: Sequence[tuple[str, datetime]], latest: str) -> list[Any] | None:
        """Return what first and last tell of rows within the edges; None where they cannot."""
        lower = [edge for edge in edges if edge[0] in {"gt", "gte"}]
        upper = [edge for edge in edges if edge[0] in {"lt", "lte"}]
        if len(lower) + len(upper) < len(edges):
            return None
        if lower and upper:
            newest = datetime.fromisoformat(latest).replace(tzinfo=UTC) if latest else None
            # An upper edge above everything narrows nothing; otherwise a row may lie on either side of both.
            upper = [(lookup, edge) for lookup, edge in upper if newest is not None and not COMPARE[lookup](newest, edge)]
            if upper:
                return None
        told = [COMPARE[lookup](rows["last"], self.moment(edge)) for lookup, edge in lower]
        return told + [COMPARE[lookup](rows["first"], self.moment(edge)) for lookup, edge in upper]

    def _rolled(self, one: str, rollup: RollUp, found: Any, bounds: Bounds) -> Any:
        if self.manifest.rollups[one].single:
            return found.filter(self._bounded(found, bounds))[rollup.key]
        amounts = {"total": found.total.sum(), "counted": found.counted.sum()} if rollup.amount else {}
        sums = found.group_by(rollup.key).agg(n=found.n.sum(), **amounts)
        return sums.filter(self._bounded(sums, bounds))[rollup.key]
