"""Conditions that leaves of a rule are built of, as Ibis expressions: what engines agree on, word by word and number by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import ceil, floor
from typing import Any

import ibis

from dialogue.platform.warehouse.errors import NotInWarehouse
from dialogue.platform.warehouse.marts import SCALE

MOST_WHOLE = 9 * 10**18
# Longer lists are asked as a set: engines look each text up in the whole of a list.
LONG = 6
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "gte": lambda left, right: left >= right,
    "lte": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "lt": lambda left, right: left < right,
    "exact": lambda left, right: left == right,
}


def refuse(words: str) -> NotInWarehouse:
    """Return the exception that sends the caller to PostgreSQL."""
    return NotInWarehouse(words)


def sure(condition: Any) -> Any:
    """Return the condition with "unknown" as false: before it is negated."""
    return condition.fill_null(False)


def other_than(condition: Any) -> Any:
    """Return "not" of a condition, true where that is unknown."""
    return ~sure(condition)


def among(held: Any, values: Sequence[Any]) -> Any:
    """Return whether a column holds one of the values."""
    if len(values) <= LONG:
        return held.isin(values)
    return held.isin(ibis.array(values).unnest().name("one").as_table().one)


def upper_of(word: str) -> str:
    """Return the word in upper case, if every engine agrees on it.

    Raises:
        NotInWarehouse: a letter such as ß, which becomes two letters here and one there.
    """
    raised = word.upper()
    if "\0" in word or len(raised) != len(word):
        raise refuse("engines disagree on this word's upper case")
    return raised


def scaled(lookup: str, left: Any, value: Decimal, scale: int = SCALE) -> Any:
    """Compare whole ten-thousandths with a decimal of any length, exactly."""
    exact = value * scale
    if not exact.is_finite() or abs(exact) > MOST_WHOLE:
        raise refuse("a number out of range")
    if exact == exact.to_integral_value():
        return COMPARE[lookup](left, int(exact))
    if lookup == "exact":
        return ibis.literal(False)
    return left >= ceil(exact) if lookup in {"gte", "gt"} else left <= floor(exact)
