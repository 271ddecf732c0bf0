"""What can be asked of a field: operators per kind, each as a condition; periods are told in the company's time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import DateField, DecimalField, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.platform.criteria.fields import Asking, Field
from dialogue.platform.criteria.kinds import NO, YES, FieldKind

NEGATIVE = {"is_not": "is", "not_in": "in"}
COMPARISONS = {"at_least": "gte", "at_most": "lte", "more_than": "gt", "less_than": "lt", "is": "exact"}
LOOKUPS = {"gte": GreaterThanOrEqual, "lte": LessThanOrEqual, "gt": GreaterThan, "lt": LessThan}
SPAN = re.compile(r"^(\d{1,4})([hdwmy])$")
DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
PERIODS = (
    "today", "yesterday", "tomorrow", "this_week", "last_week", "this_month", "last_month", "this_quarter", "this_year", "last_year",
)  # fmt: skip
OPERATORS: dict[FieldKind, tuple[str, ...]] = {
    FieldKind.TEXT: ("contains", "is", "is_not", "starts", "in", "not_in", "empty"),
    FieldKind.LONG_TEXT: ("contains", "empty"),
    FieldKind.NUMBER: ("is", "at_least", "at_most", "more_than", "less_than", "between", "empty"),
    FieldKind.MONEY: ("is", "at_least", "at_most", "more_than", "less_than", "between", "empty"),
    FieldKind.DATE: ("is", "before", "after", "since", "until", "between", "within", "next", "older_than", "period", "empty"),
    FieldKind.MOMENT: ("is", "before", "after", "since", "until", "between", "within", "next", "older_than", "period", "empty"),
    FieldKind.YES_NO: ("is", "empty"),
    FieldKind.CHOICE: ("is", "is_not", "in", "not_in", "empty"),
    FieldKind.CHOICES: ("is", "in", "not_in", "empty"),
    FieldKind.LINK: ("is", "in", "empty"),
    FieldKind.USER: ("is", "is_not", "in", "not_in", "empty"),
}


def condition_of(field: Field, operator: str, value: Any, asking: Asking, where: str, *, blank: bool = True) -> Q:
    """Return one comparison as a condition; `blank` says that an empty text is an empty value, which no number can be.

    Raises:
        Refusal: the kind does not know the operator, or the value is of the wrong sort; `field` is the path.
    """
    if operator not in OPERATORS[field.kind]:
        raise Refusal(
            _("“%(field)s” can be asked: %(known)s.") % {"field": field.label, "known": ", ".join(OPERATORS[field.kind])},
            field=where,
            code="wrong-rule",
        )
    try:
        if field.compare is not None:
            return field.compare(operator, value, asking)
        if operator == "empty":
            return _empty(field, wanted=truth(value), blank=blank)
        if _in_json(field):
            return _held(field, operator, value, asking)
        return _BY_KIND[field.kind](field, operator, value, asking)
    except (ValueError, TypeError, KeyError, InvalidOperation, OverflowError):
        raise Refusal(
            _("“%(value)s” cannot be compared with “%(field)s”.") % {"value": value, "field": field.label},
            field=where,
            code="wrong-rule",
        ) from None


def truth(value: Any) -> bool:
    """Return what a yes-or-no value says.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError


def _in_json(field: Field) -> bool:
    return field.path.startswith("characteristics__")


def _held(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    """Compare a value that may be missing from the JSON: missing is false, never NULL, so that "not" of it is true."""
    column, _dot, code = field.path.partition("__")
    positive = NEGATIVE.get(operator, operator)
    found = Q(**{f"{column}__has_key": code}) & _BY_KIND[field.kind](field, positive, value, asking)
    return found if positive == operator else ~found


def _empty(field: Field, *, wanted: bool, blank: bool) -> Q:
    missing = Q(**{f"{field.path}__isnull": True})
    if blank and field.kind in {FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.CHOICE} and not _in_json(field):
        missing |= Q(**{field.path: ""})
    return missing if wanted else ~missing


def several(value: Any) -> list[Any]:
    """Return the values of an operator that takes several.

    Raises:
        ValueError: not a list, or too long a one.
    """
    if not isinstance(value, (list, tuple)) or len(value) > 1000:
        raise ValueError
    return list(value)


def _plain(value: Any) -> str:
    # PostgreSQL holds no text with a NUL in it.
    if isinstance(value, (dict, list, bool)) or value is None or "\x00" in str(value):
        raise ValueError
    return str(value)


def _text(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    if operator in {"in", "not_in"}:
        found = Q(**{f"{field.path}__in": [_plain(one) for one in several(value)]})
        return found if operator == "in" else ~found
    word = _plain(value) if field.clean is None else field.clean(_plain(value))
    lookup = {"is": "iexact", "is_not": "iexact", "contains": "icontains", "starts": "istartswith"}[operator]
    found = Q(**{f"{field.path}__{lookup}": word})
    return ~found if operator == "is_not" else found


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError
    number = Decimal(str(value["amount"] if isinstance(value, dict) else value))
    if not number.is_finite():
        raise ValueError
    return number


def _number(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    if operator == "between":
        low, high = (_decimal(one) for one in several(value))
        return _compare(field, "gte", low) & _compare(field, "lte", high)
    condition = _compare(field, COMPARISONS[operator], _decimal(value))
    if isinstance(value, dict) and field.currency:
        condition &= Q(**{field.currency: _plain(value["currency"]).upper()})
    return condition


def _compare(field: Field, lookup: str, value: Any) -> Q:
    if not _in_json(field):
        return Q(**{f"{field.path}__{lookup}": value})
    path = field.path + ("__amount" if field.kind == FieldKind.MONEY else "")
    output = DateField() if field.kind == FieldKind.DATE else DecimalField(max_digits=19, decimal_places=4)
    left = Cast(KT(path), output)
    if lookup == "exact":
        return Q(GreaterThanOrEqual(left, value)) & Q(LessThanOrEqual(left, value))
    return Q(LOOKUPS[lookup](left, value))


def _day(value: Any) -> date:
    return date.fromisoformat(_plain(value)[:10])


def span_of(text: Any) -> timedelta:
    """Return a span such as "14d", "2w", "3m" (30 days each), "1y", "36h".

    Raises:
        ValueError: not a span.
    """
    found = SPAN.match(_plain(text))
    if not found:
        raise ValueError
    count, unit = int(found[1]), found[2]
    return timedelta(hours=count) if unit == "h" else timedelta(days=count * DAYS[unit])


def period_of(name: str, today: date, week_start: int = 1) -> tuple[date, date]:
    """Return a named period as (first day, day after the last).

    Raises:
        KeyError: an unknown period.
    """
    week = today - timedelta(days=(today.isoweekday() - week_start) % 7)
    month = today.replace(day=1)
    quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    one = timedelta(days=1)
    return {
        "today": (today, today + one),
        "yesterday": (today - one, today),
        "tomorrow": (today + one, today + 2 * one),
        "this_week": (week, week + 7 * one),
        "last_week": (week - 7 * one, week),
        "this_month": (month, _next_month(month)),
        "last_month": ((month - one).replace(day=1), month),
        "this_quarter": (quarter, _next_month(_next_month(_next_month(quarter)))),
        "this_year": (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "last_year": (date(today.year - 1, 1, 1), date(today.year, 1, 1)),
    }[name]


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _time(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    condition = Q()
    for lookup, edge in bounds_in_time(field.kind, operator, value, asking):
        condition &= _compare(field, lookup, edge)
    return condition


def bounds_in_time(kind: FieldKind, operator: str, value: Any, asking: Asking) -> list[tuple[str, Any]]:
    """Return what a day or moment is compared with, as (lookup, day or aware moment), all of which must hold.

    Raises:
        ValueError: the value is of the wrong sort.
        KeyError: an unknown period.
    """
    local = asking.now.astimezone(asking.zone)
    one = timedelta(days=1)
    if operator in {"within", "next", "older_than"}:
        return _span(kind, operator, span_of(value), local)
    first: date | None = None
    last: date | None = None
    if operator == "period":
        first, last = period_of(_plain(value), local.date(), asking.week_start)
    elif operator == "between":
        first, end = (_day(one_day) for one_day in several(value))
        last = end + one
    else:
        if kind == FieldKind.MOMENT and "T" in _plain(value):
            return [_exact_moment(operator, datetime.fromisoformat(_plain(value)), asking)]
        day = _day(value)
        first = {"is": day, "since": day, "after": day + one}.get(operator)
        last = {"is": day + one, "before": day, "until": day + one}.get(operator)
    found: list[tuple[str, Any]] = []
    if first is not None:
        found.append(("gte", _edge(kind, first, asking)))
    if last is not None:
        found.append(("lt", _edge(kind, last, asking)))
    return found


def _edge(kind: FieldKind, day: date, asking: Asking) -> Any:
    return datetime.combine(day, time(), asking.zone) if kind == FieldKind.MOMENT else day


def _exact_moment(operator: str, moment: datetime, asking: Asking) -> tuple[str, datetime]:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=asking.zone)
    return {"is": "exact", "before": "lt", "after": "gt", "since": "gte", "until": "lte"}[operator], aware


def _span(kind: FieldKind, operator: str, span: timedelta, local: datetime) -> list[tuple[str, Any]]:
    if kind == FieldKind.DATE:
        today = local.date()
        if operator == "within":
            return [("gt", (local - span).date()), ("lte", today)]
        if operator == "next":
            return [("gte", today), ("lt", (local + span).date())]
        return [("lte", (local - span).date())]
    if operator == "within":
        return [("gte", local - span), ("lte", local)]
    if operator == "next":
        return [("gte", local), ("lte", local + span)]
    return [("lt", local - span)]


def _yes_no(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    wanted = truth(value)
    if field.characteristic is not None and field.characteristic.slot:
        return Q(**{field.path: int(wanted)})
    return Q(**{field.path: wanted})


def _choice(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    codes = [_plain(one) for one in several(value)] if operator in {"in", "not_in"} else [_plain(value)]
    found = Q(**{f"{field.path}__in": codes}) if len(codes) != 1 else Q(**{field.path: codes[0]})
    if operator in {"is", "in"}:
        return found
    # "is not A" is true of those without a value, too.
    return ~found | Q(**{f"{field.path}__isnull": True})


def _choices(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    codes = [_plain(one) for one in several(value)] if operator in {"in", "not_in"} else [_plain(value)]
    if field.links:
        found = Q(**{f"{field.path}__in": codes})
    else:
        found = Q(pk__in=[])
        for code in codes:
            found |= Q(**{f"{field.path}__contains": [code]})
    return ~found if operator == "not_in" else found


def _row(field: Field, operator: str, value: Any, asking: Asking) -> Q:
    rows = several(value) if operator in {"in", "not_in"} else [value]
    ids = [asking.actor.user if one == "me" else int(_plain(one)) for one in rows]
    found = Q(**{f"{field.path}__in": ids})
    if operator in {"is", "in"}:
        return found
    return ~found | Q(**{f"{field.path}__isnull": True})


_BY_KIND: dict[FieldKind, Callable[[Field, str, Any, Asking], Q]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _number,
    FieldKind.DATE: _time,
    FieldKind.MOMENT: _time,
    FieldKind.YES_NO: _yes_no,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.LINK: _row,
    FieldKind.USER: _row,
}
