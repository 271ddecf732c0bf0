"""The rule tree: one JSON language for list filters, segments, automations and the API, compiled to PostgreSQL.

A node is one of

    {"all": [node, …]}   {"any": [node, …]}   {"not": node}
    {"field": NAME, OPERATOR: VALUE}
    {"has": RELATION, "where": [node, …], "count" | "sum" | "average" | "months": FIELD or true, "at_least" | "at_most" | …: NUMBER}
    {"lacks": RELATION, "where": [node, …]}

Relations compile to semi-joins (`id IN (SELECT …)`), never to OR EXISTS. Rooms above add leaves of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Avg, CharField, Count, F, Func, Model, Q, Sum, TextField
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import record
from dialogue.kit.registry import Registry
from dialogue.kit.statement import one_of
from dialogue.platform.criteria.fields import Asking, Entity, Field, entities, known_fields
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.operators import COMPARISONS, NEGATIVE, condition_of, truth
from dialogue.platform.embedded.writing import int_array

DEEPEST = 12
MOST_NODES = 300
MOST = Decimal(10) ** 15
AGGREGATES = {"count": Count, "sum": Sum, "average": Avg, "months": Count}
# What is counted, so that it is compared with whole numbers.
WHOLE = {"count", "months"}
Tree = Mapping[str, Any]


class RuleRefusal(Refusal):
    """The rule cannot be understood; `field` is the path of the node at fault."""

    code = "wrong-rule"


@record
class Compiler:
    """Compiles trees over one entity for one asker; counts nodes so that no rule can grow without bound.

    `among` narrows what belongs to a record to these records' ids: a rule about a sample reads the sample's rows only.
    """

    entity: Entity
    asking: Asking
    nodes: int = 0
    fields: dict[str, Field] = field(default_factory=dict)
    among: Sequence[int] | None = None

    def __post_init__(self) -> None:
        # Given fields spare the query for the company's own ones; one reading asks for them once.
        self.fields = self.fields or known_fields(self.entity, self.asking)

    def compile(self, tree: Any, where: str = "filter", depth: int = 0) -> Q:
        """Return the tree as a condition on the entity's rows.

        Raises:
            RuleRefusal: an unknown node, field, operator or value, by its path.
        """
        self.nodes += 1
        if depth > DEEPEST or self.nodes > MOST_NODES:
            raise RuleRefusal(_("The rule is too deep or too long: split it into segments."), field=where)
        if not isinstance(tree, Mapping):
            raise RuleRefusal(_('Each part of a rule must be an object such as {"field": …}.'), field=where)
        for key, join in (("all", Q.AND), ("any", Q.OR)):
            if key in tree:
                return self._join(tree, key, join, where, depth)
        if "not" in tree:
            self._only(tree, {"not"}, where)
            return ~self.compile(tree["not"], f"{where}.not", depth + 1)
        if "field" in tree:
            return self._field(tree, where)
        if "has" in tree or "lacks" in tree:
            return self._relation(tree, where, depth)
        named = [leaf for leaf in leaves.keys() if leaf in tree]  # noqa: SIM118
        if named:
            return leaves.get(named[0])(self, tree, where)
        raise RuleRefusal(
            _("A rule knows: %(known)s.")
            % {"known": ", ".join(["all", "any", "not", "field", "has", "lacks", *leaves.keys()])},
            field=where,
        )

    @staticmethod
    def _only(tree: Tree, known: set[str], where: str) -> None:
        extra = sorted(set(tree) - known)
        if extra:
            raise RuleRefusal(_("“%(word)s” has no place here.") % {"word": extra[0]}, field=where)

    def _join(self, tree: Tree, key: str, join: str, where: str, depth: int) -> Q:
        self._only(tree, {key}, where)
        parts = tree[key]
        if not isinstance(parts, list):
            raise RuleRefusal(_("“%(word)s” takes a list of rules.") % {"word": key}, field=where)
        if not parts:
            # An empty "all" is true for everybody (a bare Q() would vanish under "not"), an empty "any" for nobody.
            return ~Q(pk__in=[]) if join == Q.AND else Q(pk__in=[])
        compiled = Q()
        for number, part in enumerate(parts):
            compiled = compiled._combine(self.compile(part, f"{where}.{key}[{number}]", depth + 1), join)  # type: ignore[attr-defined]
        return compiled

    def _field(self, tree: Tree, where: str) -> Q:
        name = tree["field"]
        found = self.fields.get(name) if isinstance(name, str) else None
        if found is None or not found.filterable:
            raise RuleRefusal(
                _("There is no field “%(field)s” in “%(entity)s”.") % {"field": name, "entity": self.entity.plural},
                field=f"{where}.field",
                code="unknown-field",
            )
        operators = {key: value for key, value in tree.items() if key != "field"}
        if not operators:
            raise RuleRefusal(_('Say how “%(field)s” is compared, for example {"is": …}.') % {"field": name}, field=where)
        condition = Q()
        for operator, value in operators.items():
            condition &= self._one(found, operator, value, f"{where}.{operator}")
        return condition

    def _one(self, found: Field, operator: str, value: Any, where: str) -> Q:
        positive = NEGATIVE.get(operator, operator)
        if not found.links:
            if operator == "empty" or found.compare is not None or not may_be_null(self.entity.model, found.path):
                blank = operator == "empty" and _holds_text(self.entity.model, found.path)
                return condition_of(found, operator, value, self.asking, where, blank=blank)
            # What is missing compares as false, never as NULL, however deep in "not" the comparison stands.
            holds = Q(**{f"{found.path}__isnull": False}) & condition_of(found, positive, value, self.asking, where)
            return holds if positive == operator else ~holds
        # A path to many rows: "none of them is" is the negation of "some is", each as a semi-join.
        condition = condition_of(found, positive, value, self.asking, where)
        if operator == "empty":
            rows = self.entity.model._default_manager.filter(**{f"{found.path}__isnull": False}, **found.among)
            there = Q(pk__in=rows.values("pk"))
            return ~there if truth(value) else there
        rows = self.entity.model._default_manager.filter(condition, **found.among)
        some = Q(pk__in=rows.values("pk"))
        return some if positive == operator else ~some

    def _relation(self, tree: Tree, where: str, depth: int) -> Q:
        word = "has" if "has" in tree else "lacks"
        relation = self.entity.relations.find(str(tree[word]))
        if relation is None:
            known = ", ".join(self.entity.relations.keys())
            raise RuleRefusal(_("“%(word)s” knows: %(known)s.") % {"word": word, "known": known}, field=f"{where}.{word}")
        inner = Compiler(entities.get(relation.entity), self.asking, self.nodes)
        narrowed = [] if self.among is None else [any_of(relation.key, self.among)]
        # Together, so that a path to many rows is joined once; "exclude" would look through all of them for each.
        rows = inner.entity.model._default_manager.filter(*narrowed, **relation.extra, **{f"{relation.key}__isnull": False})
        parts = tree.get("where", [])
        if not isinstance(parts, list):
            raise RuleRefusal(_("“%(word)s” takes a list of rules.") % {"word": "where"}, field=where)
        for number, part in enumerate(parts):
            rows = rows.filter(inner.compile(part, f"{where}.where[{number}]", depth + 1))
        self.nodes = inner.nodes
        if word == "lacks":
            self._only(tree, {"lacks", "where"}, where)
            return ~Q(pk__in=rows.values(relation.key))
        return self._aggregate(tree, rows, relation.key, inner, where)

    def _aggregate(self, tree: Tree, rows: Any, key: str, inner: Compiler, where: str) -> Q:
        chosen = [name for name in AGGREGATES if name in tree]
        bounds = {name: tree[name] for name in COMPARISONS if name in tree}
        self._only(tree, {"has", "where", *chosen, *bounds}, where)
        if not chosen and not bounds:
            return Q(pk__in=rows.values(key))
        name = chosen[0] if chosen else "count"
        if name == "count":
            measured: Any = Count("pk")
        else:
            measured_field = inner.fields.get(str(tree[name]))
            if measured_field is None:
                raise RuleRefusal(_("There is no field “%(field)s” here.") % {"field": tree[name]}, field=f"{where}.{name}")
            measured = self._months(measured_field, where) if name == "months" else AGGREGATES[name](F(measured_field.path))
        if not bounds:
            raise RuleRefusal(_('Say how much: for example {"at_least": 3}.'), field=where)
        grouped = rows.order_by().values(key).annotate(measured=measured)
        for bound, number in bounds.items():
            grouped = grouped.filter(**{f"measured__{COMPARISONS[bound]}": _bound(number, bound, where, whole=name in WHOLE)})
        return Q(pk__in=grouped.values(key))

    def _months(self, measured: Field, where: str) -> Count:
        """Return the number of different months of the asker's calendar."""
        if measured.kind not in {FieldKind.DATE, FieldKind.MOMENT} or measured.links or measured.compare is not None:
            words = _("“%(field)s” is no date: months are counted of a date.") % {"field": measured.label}
            raise RuleRefusal(words, field=f"{where}.months")
        zone = self.asking.zone if measured.kind == FieldKind.MOMENT else None
        return Count(TruncMonth(measured.path, tzinfo=zone), distinct=True)


def may_be_null(model: Any, path: str) -> bool:
    """Return whether a path to one value may hold none; inside a JSON column `condition_of` sees to it."""
    try:
        for step in path.split("__"):
            known = model._meta.get_field(step)
            if known.null:
                return True
            model = known.related_model
    except (AttributeError, FieldDoesNotExist):
        return False
    return False


def _holds_text(model: Any, path: str) -> bool:
    try:
        for step in path.split("__"):
            known = model._meta.get_field(step)
            model = known.related_model
    except (AttributeError, FieldDoesNotExist):
        return False
    return isinstance(known, (CharField, TextField))


def _bound(number: Any, word: str, where: str, *, whole: bool) -> int | Decimal:
    try:
        if isinstance(number, bool) or not isinstance(number, (int, float, str)):
            raise TypeError
        found = Decimal(str(number))
        if not found.is_finite() or abs(found) >= MOST or (whole and found != found.to_integral_value()):
            raise ValueError
    except (TypeError, ValueError, InvalidOperation):
        message = _("“%(word)s” takes a whole number here.") if whole else _("“%(word)s” takes a number.")
        raise RuleRefusal(message % {"word": word}, field=f"{where}.{word}") from None
    return int(found) if whole else found


def any_of(path: str, ids: Sequence[int]) -> Func:
    """Return the condition that the path holds one of thousands of ids, which travel as one array."""
    return one_of(path, int_array(ids))


Leaf = Callable[[Compiler, Tree, str], Q]
leaves: Registry[Leaf] = Registry("rule leaves")


def compile_rule(entity: str, tree: Any, asking: Asking) -> Q:
    """Return a rule tree as a condition on the entity's rows.

    Raises:
        RuleRefusal: names the part at fault by its path.
    """
    return Compiler(entities.get(entity), asking).compile(tree)


def matching(entity: str, tree: Any, asking: Asking) -> Any:
    """Return the rows of the entity that the asker may see and the rule matches."""
    found = entities.get(entity)
    return found.visible_to(asking.actor).filter(compile_rule(entity, tree, asking))


def subject_of(model: type[Model]) -> Entity | None:
    """Return the entity of a model, or None."""
    return next((entity for entity in entities if entity.model is model), None)
