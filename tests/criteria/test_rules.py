"""The rule compiler against a plain Python reading of the same rule, over rows of every shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import NewParty
from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.platform.criteria.fields import Asking, Entity, Field, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.operators import period_of
from dialogue.platform.criteria.rules import Compiler, RuleRefusal
from tests.cast import Cast, make_cast

ZONE = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # half an hour after Kyiv put its clocks forward
NAMES = ["Анна Ковальчук", "anna kovaliova", "ООО «Автопром»", "Șantier SRL", "50% скидка_", "Zeta", "\\back"]
PHASES = ["acquire", "develop", "keep", "end"]
CODES = ["red", "green", "blue"]


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


def fill(cast: Cast) -> Entity:
    by = cast.actor(cast.owner)
    define_characteristic("party", label="Score", code="score", kind="number", filterable=True, by=by)
    define_characteristic("party", label="Paid", code="paid", kind="money", filterable=True, by=by)
    define_characteristic("party", label="Likes", code="likes", kind="yes_no", filterable=True, by=by)
    choices = [{"code": code, "label": code} for code in CODES]
    define_characteristic("party", label="Colours", code="colours", kind="choices", choices=choices, by=by)
    define_characteristic("party", label="Weight", code="weight", kind="number", by=by)
    define_characteristic("party", label="Seen", code="seen", kind="date", by=by)
    drafts = []
    for number in range(28):
        values: dict[str, Any] = {}
        if number % 3:
            values |= {"score": str(number % 5 - 2), "weight": f"{number % 4}.5"}
        if number % 4:
            values |= {"paid": {"amount": str(100 * (number % 6)), "currency": "UAH"}, "likes": number % 8 > 3}
        if number % 5:
            values |= {"colours": CODES[: number % 4], "seen": (date(2026, 3, 29) - timedelta(days=number)).isoformat()}
        drafts.append(
            NewParty(
                name=NAMES[number % len(NAMES)] + (f" {number}" if number % 2 else ""),
                kind="company",
                phase=PHASES[number % 4],
                birth_on=date(2026, 3, 29) - timedelta(days=3 * number - 9) if number % 6 else None,
                responsible=cast.owner.pk if number % 3 == 0 else None,
                is_customer=number % 2 == 0,
                characteristics=values,
            )
        )
    ids = create_parties(drafts, by=by)
    for number, pk in enumerate(ids):
        Party.objects.filter(pk=pk).update(created_at=NOW - timedelta(hours=7 * number))
    entity = Entity("party", "customer", "customers", Party, characterised=True)
    entity.add(
        Field("name", "name", FieldKind.TEXT, "name", sort="name"),
        Field("phase", "phase", FieldKind.CHOICE, "phase"),
        Field("born", "born", FieldKind.DATE, "birth_on"),
        Field("created", "created", FieldKind.MOMENT, "created_at"),
        Field("responsible", "responsible", FieldKind.USER, "responsible_id"),
        Field("customer", "customer", FieldKind.YES_NO, "is_customer"),
    )
    return entity


texts = st.sampled_from(["анна", "ANNA", "50%", "_", "\\", "", "ȘANTIER srl", "x", "Zeta"])
numbers = st.integers(-3, 600).map(str)
days = st.dates(date(2026, 1, 1), date(2026, 4, 20)).map(str)
spans = st.sampled_from(["1d", "14d", "2w", "1m", "36h"])
periods = st.sampled_from(["today", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_year"])
empties = st.booleans().map(lambda yes: {"empty": yes})


def bounds(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from(["is", "at_least", "at_most", "more_than", "less_than"])
    return st.one_of(st.dictionaries(one, values, min_size=1, max_size=1), empties)


def listed(codes: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(st.sampled_from(codes), min_size=1, max_size=3)
    return st.one_of(
        st.sampled_from(codes).map(lambda one: {"is": one}),
        several.map(lambda v: {"in": v}),
        several.map(lambda v: {"not_in": v}),
    )


def moments(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    exact = st.dictionaries(st.sampled_from(["is", "before", "after", "since", "until"]), values, min_size=1, max_size=1)
    span = st.dictionaries(st.sampled_from(["within", "next", "older_than"]), spans, min_size=1, max_size=1)
    return st.one_of(exact, span, periods.map(lambda name: {"period": name}), empties)


leaf = st.one_of(
    st.dictionaries(st.sampled_from(["contains", "starts", "is", "is_not"]), texts, min_size=1, max_size=1).map(
        lambda asked: {"field": "name", **asked}
    ),
    listed(PHASES).map(lambda asked: {"field": "phase", **asked}),
    st.sampled_from(PHASES).map(lambda one: {"field": "phase", "is_not": one}),
    moments(days).map(lambda asked: {"field": "born", **asked}),
    moments(days).map(lambda asked: {"field": "created", **asked}),
    moments(days).map(lambda asked: {"field": "characteristics.seen", **asked}),
    st.sampled_from([{"is": "me"}, {"is_not": "me"}, {"in": ["me"]}, {"not_in": ["me"]}]).map(
        lambda asked: {"field": "responsible", **asked}
    ),
    st.booleans().map(lambda yes: {"field": "customer", "is": yes}),
    st.booleans().map(lambda yes: {"field": "characteristics.likes", "is": yes}),
    bounds(numbers).map(lambda asked: {"field": "characteristics.score", **asked}),
    bounds(numbers).map(lambda asked: {"field": "characteristics.paid", **asked}),
    bounds(numbers).map(lambda asked: {"field": "characteristics.weight", **asked}),
    listed(CODES).map(lambda asked: {"field": "characteristics.colours", **asked}),
)
trees = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=5,
)


def value_of(row: Party, field: str) -> Any:
    if field.startswith("characteristics."):
        value = row.characteristics.get(field.partition(".")[2])
        return Decimal(value["amount"]) if isinstance(value, dict) else value
    return {
        "name": row.name,
        "phase": row.phase,
        "born": row.birth_on,
        "created": row.created_at,
        "responsible": row.responsible_id,
        "customer": row.is_customer,
    }[field]


def in_time(value: Any, operator: str, asked: Any) -> bool:
    local = NOW.astimezone(ZONE)
    is_day = not isinstance(value, datetime)
    value = date.fromisoformat(value) if isinstance(value, str) else value
    if operator in {"within", "next", "older_than"}:
        hours = {"h": 1, "d": 24, "w": 168, "m": 720}[asked[-1]] * int(asked[:-1])
        now, edge = (
            (local.date(), (local - timedelta(hours=hours)).date()) if is_day else (local, local - timedelta(hours=hours))
        )
        later = (local + timedelta(hours=hours)).date() if is_day else local + timedelta(hours=hours)
        if operator == "within":
            return bool((edge < value if is_day else edge <= value) and value <= now)
        if operator == "next":
            return bool(now <= value and (value < later if is_day else value <= later))
        return bool(value <= edge if is_day else value < edge)
    day = value if is_day else value.astimezone(ZONE).date()
    if operator == "period":
        first, end = period_of(asked, local.date(), 1)
        return first <= day < end
    other = date.fromisoformat(asked)
    return {"is": day == other, "before": day < other, "after": day > other, "since": day >= other, "until": day <= other}[
        operator
    ]


def compare(value: Any, operator: str, asked: Any, me: int) -> bool:
    if operator == "empty":
        return (value in (None, "")) is asked
    if isinstance(value, list) or (operator in {"in", "not_in"} and not isinstance(value, (str, int, type(None)))):
        held = set(value or [])
        found = bool(held & set(asked if isinstance(asked, list) else [asked]))
        return not found if operator == "not_in" else found
    if asked in ("me", ["me"]):
        return (value == me) is (operator in {"is", "in"})
    if operator == "not_in":
        return value not in asked
    if operator == "is_not":
        return value is None or str(value).lower() != str(asked).lower()
    return value is not None and positive(value, operator, asked)


def positive(value: Any, operator: str, asked: Any) -> bool:
    if isinstance(asked, bool):
        return value is asked
    if operator == "in":
        return value in asked
    if isinstance(value, Decimal) or (isinstance(value, str) and operator in NUMBERS):
        return NUMBERS[operator](Decimal(value), Decimal(asked))
    low, word = str(value).lower(), str(asked).lower()
    return {"contains": word in low, "starts": low.startswith(word), "is": low == word}[operator]


NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "at_least": lambda a, b: a >= b,
    "at_most": lambda a, b: a <= b,
    "more_than": lambda a, b: a > b,
    "less_than": lambda a, b: a < b,
}
TIMES = {"born", "created", "characteristics.seen"}


def holds(tree: dict[str, Any], row: Party, me: int) -> bool:
    if "all" in tree:
        return all(holds(part, row, me) for part in tree["all"])
    if "any" in tree:
        return any(holds(part, row, me) for part in tree["any"])
    if "not" in tree:
        return not holds(tree["not"], row, me)
    field = tree["field"]
    (operator, asked), *_ = [(key, value) for key, value in tree.items() if key != "field"]
    value = value_of(row, field)
    if operator != "empty" and field in TIMES:
        return value is not None and in_time(value, operator, asked)
    if operator == "is" and field in {"characteristics.score", "characteristics.paid", "characteristics.weight"}:
        return value is not None and Decimal(value) == Decimal(asked)
    return compare(value, operator, asked, me)


def test_compiled_rule_finds_what_plain_reading_finds(cast: Cast) -> None:
    entity = fill(cast)
    by = cast.actor(cast.owner)
    asking = Asking(actor=by, zone=ZONE, now=NOW, week_start=1)
    rows = list(Party.objects.all())

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(tree=trees)
    def examine(tree: dict[str, Any]) -> None:
        found = set(Party.objects.filter(Compiler(entity, asking).compile(tree)).values_list("pk", flat=True))
        expected = {row.pk for row in rows if holds(tree, row, cast.owner.pk)}
        assert found == expected, tree

    examine()


@pytest.mark.parametrize(
    ("tree", "where"),
    [
        ({"field": "nobody", "is": 1}, "filter.field"),
        ({"all": [{"field": "name", "smells": 1}]}, "filter.all[0].smells"),
        ({"field": "characteristics.score", "at_least": "many"}, "filter.at_least"),
        ({"not": {"any": "x"}}, "filter.not"),
        ([], "filter"),
        ({"field": "name"}, "filter"),
        ({"has": "wings"}, "filter.has"),
        ({"field": "born", "period": "someday"}, "filter.period"),
        ({"field": "characteristics.colours", "in": "red"}, "filter.in"),
    ],
)
def test_wrong_rule_is_refused_by_its_place(cast: Cast, tree: Any, where: str) -> None:
    entity = fill(cast)
    asking = Asking(actor=cast.actor(cast.owner))
    with pytest.raises(RuleRefusal if where == "filter" else Exception) as refused:
        Compiler(entity, asking).compile(tree)
    assert refused.value.field == where  # type: ignore[attr-defined]


def test_rule_without_bound_is_refused(cast: Cast) -> None:
    tree: dict[str, Any] = {"all": []}
    for _turn in range(20):
        tree = {"not": tree}
    with pytest.raises(RuleRefusal):
        Compiler(fill(cast), Asking(actor=cast.actor(cast.owner))).compile(tree)


def test_what_is_missing_compares_as_false_however_deep_in_not(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    firm = create_parties([NewParty(name="Анна", kind="company")], by=by)[0]
    staff, free = create_parties([NewParty(first_name="Ion", company=firm), NewParty(first_name="Taras")], by=by)
    named, other = {"field": "company", "contains": "анна"}, {"field": "company", "not_in": ["Анна"]}
    found = Compiler(entities.get("party"), Asking(by, zone=ZONE, now=NOW))
    for tree, wanted in (
        ({"not": {"all": [other, named]}}, {firm, staff, free}),
        ({"not": {"not": named}}, {staff}),
        ({"not": {"any": [named, {"not": other}]}}, {firm, free}),
    ):
        assert set(Party.objects.filter(found.compile(tree)).values_list("pk", flat=True)) == wanted, tree
