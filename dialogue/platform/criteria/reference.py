"""The reference of the rule language, written from the registries: what `docs/guides/segments.md` holds is what runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils import translation

from dialogue.platform.criteria.fields import Entity, Field, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.leaf_forms import leaf_forms
from dialogue.platform.criteria.operators import DAYS, OPERATORS, PERIODS
from dialogue.platform.criteria.rules import DEEPEST, MOST_NODES
from dialogue.platform.criteria.words import MEASURE_WORDS, OPERATOR_WORDS, PERIOD_WORDS, UNIT_WORDS

BEGIN, END = "<!-- written from the registry by tools/rules.py -->", "<!-- end of what is written from the registry -->"
EXAMPLES: dict[FieldKind, Any] = {
    FieldKind.TEXT: "Bristol",
    FieldKind.LONG_TEXT: "fair",
    FieldKind.NUMBER: 3,
    FieldKind.MONEY: 500,
    FieldKind.DATE: "2026-03-31",
    FieldKind.MOMENT: "2026-03-31",
    FieldKind.YES_NO: True,
    FieldKind.CHOICE: "keep",
    FieldKind.CHOICES: "12",
    FieldKind.LINK: 41,
    FieldKind.USER: "me",
}
BY_OPERATOR: dict[str, Any] = {"empty": True, "within": "14d", "next": "2w", "older_than": "6m", "period": "last_month"}
NODES: tuple[tuple[Any, str], ...] = (
    ({"all": ["…"]}, "every one of the rules is true; an empty list is true for everybody"),
    ({"any": ["…"]}, "at least one is true; an empty list is true for nobody"),
    ({"not": "…"}, "the rule is not true"),
    ({"field": "city", "is": "Bristol"}, "a field compared; several comparisons in one node must all be true"),
    (
        {"has": "purchase", "where": ["…"]},
        "there is at least one such row; `where` is a list of rules about it, and may be left out",
    ),
    ({"lacks": "touch", "where": ["…"]}, "there is no such row"),
    ({"has": "purchase", "count": True, "at_least": 3}, "their number, compared"),
    ({"has": "purchase", "sum": "amount", "more_than": 500}, "the total of a numeric field, compared; `average` likewise"),
    (
        {"has": "purchase", "months": "at", "at_least": 3},
        "in how many different months of the company's calendar there is one, by a date of it, compared",
    ),
)


def reference() -> str:
    """Return the reference in English, as Markdown."""
    with translation.override("en"):
        return "\n".join([BEGIN, "", *_nodes(), *_operators(), *_words(), *_fields(entities.get("party")), END])


def _code(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _nodes() -> Iterator[str]:
    yield from ("### Nodes", "", "| Node | True when |", "|---|---|")
    for node, words in NODES:
        yield f"| {_code(node)} | {words} |"
    for form in leaf_forms:
        yield f"| {_code(form.example)} | {form.label}: {form.hint} |"
    yield ""
    yield f"A rule may be {DEEPEST} levels deep and hold {MOST_NODES} nodes: beyond that make segments of its parts."
    yield ""


def _operators() -> Iterator[str]:
    yield from ("### Comparisons by kind of field", "", "| Kind | Comparison | Words | Example |", "|---|---|---|---|")
    for kind, operators in OPERATORS.items():
        for place, operator in enumerate(operators):
            shown = str(kind.label) if place == 0 else ""
            yield f"| {shown} | `{operator}` | {OPERATOR_WORDS[operator]} | {_code({operator: example_of(kind, operator)})} |"
    yield ""


def example_of(kind: FieldKind, operator: str) -> Any:
    """Return a value the operator takes."""
    if operator in BY_OPERATOR:
        return BY_OPERATOR[operator]
    one = EXAMPLES[kind]
    if operator in {"in", "not_in"}:
        return [one]
    if operator == "between":
        return ["2026-01-01", one] if kind in {FieldKind.DATE, FieldKind.MOMENT} else [1, one]
    return one


def _words() -> Iterator[str]:
    yield from ("### Spans and periods", "")
    units = ", ".join(f"`{unit}` {UNIT_WORDS[unit]}" for unit in ["h", *DAYS])
    yield f"A span is a number and a unit, such as `14d`: {units}. A month counts as {DAYS['m']} days, a year as {DAYS['y']}."
    yield ""
    yield f"Periods: {', '.join(f'`{name}` ({PERIOD_WORDS[name]})' for name in PERIODS)}."
    yield ""
    yield f"Of rows that belong to a record a rule asks: {', '.join(f'`{name}` ({words})' for name, words in MEASURE_WORDS.items())}."
    yield ""


def _fields(entity: Entity) -> Iterator[str]:
    yield from (f"### What can be asked of {entity.plural}", "", "| Field | Label | Kind |", "|---|---|---|")
    yield from _rows(entity)
    yield from ("", "A company's own fields are called `characteristics.CODE`.", "")
    yield from (f"### What belongs to {entity.plural}", "", "| Relation | Label | Rows |", "|---|---|---|")
    inner: dict[str, Entity] = {}
    for name in entity.relations.keys():  # noqa: SIM118  a registry iterates its items
        relation = entity.relations.get(name)
        other = entities.get(relation.entity)
        inner.setdefault(other.name, other)
        yield f"| `{name}` | {relation.label} | {other.plural} |"
    yield ""
    for other in inner.values():
        if other is not entity:
            yield from (f"### What can be asked of {other.plural}", "", "| Field | Label | Kind |", "|---|---|---|")
            yield from _rows(other)
            yield ""


def _rows(entity: Entity) -> Iterator[str]:
    fields: list[Field] = [one for one in entity.fields if one.filterable]
    for one in fields:
        yield f"| `{one.name}` | {one.label} | {one.kind.label} |"


def with_reference(text: str) -> str:
    """Return a page with the reference between its marks written anew.

    Raises:
        ValueError: the page has no marks.
    """
    begin, end = text.index(BEGIN), text.index(END) + len(END)
    return text[:begin] + reference() + text[end:]
