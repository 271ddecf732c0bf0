"""One condition's value between the rule's JSON and the inputs of a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from dialogue.platform.criteria.fields import Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.operators import OPERATORS, PERIODS, truth

FILLED = "filled"
"""The editor's own operator: `{"empty": false}`."""
SPANS = {"within", "next", "older_than"}
SEVERAL = {"in", "not_in"}
UNITS = ("h", "d", "w", "m", "y")
NUMBERS = {FieldKind.NUMBER, FieldKind.MONEY}
DATES = {FieldKind.DATE, FieldKind.MOMENT}
TEXTS = {FieldKind.TEXT, FieldKind.LONG_TEXT}
Read = tuple[str, list[str], dict[str, str]]


def operators_of(found: Field) -> list[str]:
    """Return what the editor offers to ask of a field, the usual first."""
    return [*OPERATORS[found.kind], FILLED]


def read_value(found: Field, operator: str, value: Any) -> Read:
    """Return (operator, values, further inputs) of a comparison as the form holds it."""
    if operator == "empty":
        return ("empty" if _is_true(value) else FILLED), [], {}
    if operator in SPANS:
        text = str(value)
        return operator, [text[:-1]], {"unit": text[-1:]}
    if found.kind == FieldKind.YES_NO:
        return operator, ["yes" if _is_true(value) else "no"], {}
    if isinstance(value, Mapping):
        return operator, [str(value.get("amount", ""))], {"currency": str(value.get("currency", ""))}
    values = [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]
    if operator in SEVERAL and found.kind in {*TEXTS, FieldKind.LINK}:
        return operator, ["\n".join(values)], {}
    return operator, values, {}


def write_value(found: Field, operator: str, values: Sequence[str], extra: Mapping[str, str]) -> dict[str, Any]:
    """Return the comparison as the rule says it: {operator: value}.

    Raises:
        ValueError: it is not complete yet; the message says what to do.
    """
    if operator in {"empty", FILLED}:
        return {"empty": operator == "empty"}
    if operator not in OPERATORS[found.kind]:
        raise ValueError(_("Choose how to compare."))
    given = [one for one in values if one.strip()]
    if operator in SEVERAL:
        return {operator: _several(found, given)}
    if operator == "between":
        return {operator: _pair(found, given)}
    if not given:
        raise ValueError(_("Enter a number.") if operator in SPANS else _missing(found))
    one = given[0]
    if operator in SPANS:
        return {operator: _span(one, extra.get("unit", "d"))}
    if operator == "period":
        if one not in PERIODS:
            raise ValueError(_("Choose a period."))
        return {operator: one}
    if found.kind == FieldKind.MONEY and extra.get("currency"):
        return {operator: {"amount": str(write_number(one)), "currency": extra["currency"].strip().upper()}}
    return {operator: _single(found, one)}


def _missing(found: Field) -> str:
    if found.kind in NUMBERS:
        return _("Enter a number.")
    if found.kind in DATES:
        return _("Enter a date.")
    return _("Enter a text.") if found.kind in TEXTS else _("Choose a value.")


def _single(found: Field, text: str) -> Any:
    if found.kind in NUMBERS:
        return write_number(text)
    if found.kind in DATES:
        return _day(text)
    if found.kind == FieldKind.YES_NO:
        return truth(text)
    if found.kind == FieldKind.LINK:
        return write_whole(text)
    return text


def _several(found: Field, given: Sequence[str]) -> list[Any]:
    if found.kind in {*TEXTS, FieldKind.LINK}:
        given = [line.strip() for text in given for line in text.splitlines() if line.strip()]
    if not given:
        raise ValueError(_("Enter at least one value.") if found.kind in TEXTS else _("Choose at least one."))
    return [write_whole(one) for one in given] if found.kind == FieldKind.LINK else list(given)


def _pair(found: Field, given: Sequence[str]) -> list[Any]:
    if len(given) < 2:
        raise ValueError(_("Enter both ends."))
    return [_single(found, given[0]), _single(found, given[1])]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValueError(_("Enter a date.")) from None


def _span(text: str, unit: str) -> str:
    number = text.strip()
    if not number.isdecimal() or not 0 <= int(number) <= 9999:
        raise ValueError(_("Enter a whole number up to 9999."))
    return f"{int(number)}{unit if unit in UNITS else 'd'}"


def write_whole(text: str) -> int:
    """Return a whole number.

    Raises:
        ValueError: it is none; the message says what to do.
    """
    if not text.strip().isdecimal() or len(text.strip()) > 18:
        raise ValueError(_("Enter a whole number."))
    return int(text)


def write_number(text: str) -> int | str:
    """Return a number as typed in any of our languages ("1 250,50"): an int, or a decimal as text.

    Raises:
        ValueError: it is none; the message says what to do.
    """
    bare = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    try:
        number = Decimal(bare.replace(",", ".") if "." not in bare else bare.replace(",", ""))
    except InvalidOperation:
        raise ValueError(_("Enter a number.")) from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise ValueError(_("Enter a number."))
    return int(number) if number == number.to_integral_value() else f"{number:f}"


def _is_true(value: Any) -> bool:
    try:
        return truth(value)
    except ValueError:
        return False


def alike(written: Any, tree: Any) -> bool:
    """Whether two nodes are the same rule: 3 and "3", true and "yes", a missing and an empty `where` are."""
    if isinstance(written, Mapping) and isinstance(tree, Mapping):
        a, b = _bare(written), _bare(tree)
        return set(a) == set(b) and all(alike(a[key], b[key]) for key in a)
    if isinstance(written, list) and isinstance(tree, (list, tuple)):
        return len(written) == len(tree) and all(alike(one, other) for one, other in zip(written, tree, strict=True))
    if isinstance(written, (Mapping, list)) or isinstance(tree, (Mapping, list, tuple)) or tree is None or written is None:
        return written is None and tree is None
    if isinstance(written, bool) or isinstance(tree, bool):
        return _truth_of(written) is not None and _truth_of(written) == _truth_of(tree)
    return str(written) == str(tree) or (_number_of(written) is not None and _number_of(written) == _number_of(tree))


def _bare(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a node without what says nothing."""
    kept = {key: value for key, value in node.items() if not (key == "where" and value == [])}
    if "has" in kept and not {"sum", "average", "months"} & set(kept) and len(set(kept) - {"has", "where"}) > 0:
        kept["count"] = True
    return kept


def _truth_of(value: Any) -> bool | None:
    try:
        return truth(value)
    except ValueError:
        return None


def _number_of(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
