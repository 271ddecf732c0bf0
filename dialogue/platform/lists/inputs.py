"""What the filter panel shows: the quick filters with their counts, and any further condition."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dialogue.kit.frozen import record
from dialogue.platform.criteria.fields import Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.operators import OPERATORS
from dialogue.platform.criteria.words import OPERATOR_WORDS, PERIOD_WORDS
from dialogue.platform.lists.query import LISTED, PREFIX, SEVERAL, ListQuery, default_operator, split_name

MOST_CHOICES = 200
LISTED_PERIODS: dict[str, str | Promise] = {
    "": _("any time"),
    **{name: PERIOD_WORDS[name] for name in ("today", "this_week", "last_week", "this_month", "last_month")},
    "7d": _("last 7 days"),
    "30d": _("last 30 days"),
    "90d": _("last 90 days"),
    "365d": _("last 365 days"),
}


@record
class Option:
    """One entry of a filter's list."""

    value: str
    label: str
    checked: bool
    count: int | None = None


@record
class Input:
    """One filter as the panel shows it: `shape` chooses its markup."""

    name: str
    label: str | Promise
    shape: str
    value: str = ""
    operator: str = ""
    options: list[Option] = field(default_factory=list)


def quick_inputs(query: ListQuery, facets: dict[str, dict[str, int]] | None = None) -> list[Input]:
    """Return the filters at the left, with counts where they are known."""
    shown = []
    for name in query.page.quick:
        one = query.fields.get(name)
        if one is not None:
            shown.append(_input(query, one, PREFIX + name, default_operator(one.kind), (facets or {}).get(name)))
    return shown


def further_inputs(query: ListQuery) -> list[Input]:
    """Return the conditions in force beside the quick ones."""
    quick = {PREFIX + name for name in query.page.quick}
    shown = []
    for name in query.given:
        if not name.startswith(PREFIX) or name in quick or not any(query.given.getlist(name)):
            continue
        known = split_name(name, query.fields)
        if known:
            shown.append(_input(query, known[0], name, known[1], None))
    return shown


def condition_input(query: ListQuery, one: Field, operator: str) -> Input:
    """Return an empty input for a condition a person adds."""
    return _input(query, one, f"{PREFIX}{one.name}.{operator}", operator, None)


def operators_of(one: Field) -> list[tuple[str, str | Promise]]:
    """Return what can be asked of a field, with words."""
    return [(operator, OPERATOR_WORDS[operator]) for operator in OPERATORS[one.kind] if operator != "between"]


def _input(query: ListQuery, one: Field, name: str, operator: str, counts: dict[str, int] | None) -> Input:
    chosen = query.given.getlist(name)
    made = Input(name=name, label=one.label, shape=_shape(one, operator), value=chosen[0] if chosen else "", operator=operator)
    if made.shape == "choices":
        options = [*one.choices_for(query.asking)][:MOST_CHOICES]
        made.options = [_option(value, words, chosen, counts) for value, words in options]
        if operator == "in" and query.may_be_empty(one):
            made.options.append(_option("-", str(_("not set")), chosen, counts))
    elif made.shape == "period":
        made.options = [Option(value, str(words), value == made.value) for value, words in LISTED_PERIODS.items()]
    elif made.shape == "yes_no":
        words = (("", _("any")), ("yes", _("yes")), ("no", _("no")))
        made.options = [Option(value, str(text), value == made.value) for value, text in words]
    return made


def _option(value: Any, words: str, chosen: list[str], counts: dict[str, int] | None) -> Option:
    return Option(str(value), str(words), str(value) in chosen, None if counts is None else counts.get(str(value), 0))


def _shape(one: Field, operator: str) -> str:
    if operator == "empty" or one.kind == FieldKind.YES_NO:
        return "yes_no"
    if operator in {"within", "period"}:
        return "period"
    if one.kind in LISTED and operator in SEVERAL | {"is", "is_not"} and one.kind != FieldKind.LINK:
        return "choices"
    if one.kind in {FieldKind.DATE, FieldKind.MOMENT} and operator not in {"next", "older_than"}:
        return "date"
    return "number" if one.kind in {FieldKind.NUMBER, FieldKind.MONEY} else "text"
