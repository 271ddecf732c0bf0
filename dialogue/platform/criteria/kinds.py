"""The kinds of fields: what a value of each looks like, how it is cleaned, compared and stored."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dialogue.kit.errors import Refusal


class FieldKind(models.TextChoices):
    """What kind of value a field holds."""

    TEXT = "text", gettext_lazy("text")
    LONG_TEXT = "long_text", gettext_lazy("long text")
    NUMBER = "number", pgettext_lazy("kind of field", "number")
    MONEY = "money", gettext_lazy("money")
    DATE = "date", gettext_lazy("date")
    MOMENT = "moment", gettext_lazy("date and time")
    YES_NO = "yes_no", gettext_lazy("yes or no")
    CHOICE = "choice", gettext_lazy("one of a list")
    CHOICES = "choices", gettext_lazy("several of a list")
    LINK = "link", gettext_lazy("link to a customer")
    USER = "user", gettext_lazy("member")


# What a company may define itself.
DEFINABLE = [kind for kind in FieldKind if kind not in {FieldKind.MOMENT, FieldKind.USER}]
LONGEST_TEXT = 200
LONGEST_LONG_TEXT = 10_000
YES = {"1", "true", "yes", "y", "да", "так", "da", "on"}
NO = {"0", "false", "no", "n", "нет", "ні", "nu", "off"}


def clean_value(kind: str, value: Any, *, label: str, field: str, codes: frozenset[str] = frozenset()) -> Any:
    """Return the value as the record keeps it (JSON), None for an empty one.

    Text is stripped; numbers are decimal strings; money is `{"amount", "currency"}`; dates are ISO.

    Raises:
        Refusal: names the field and what would be right.
    """
    if value is None or value in ("", []):
        return None
    try:
        return _CLEANERS[FieldKind(kind)](value, codes)
    except (ValueError, InvalidOperation, TypeError, KeyError):
        raise Refusal(_WORDS[FieldKind(kind)] % {"label": label}, field=field, code="wrong-value") from None


def _text(value: Any, _codes: frozenset[str]) -> str:
    text = " ".join(str(value).split())
    if len(text) > LONGEST_TEXT:
        raise ValueError
    return text


def _long_text(value: Any, _codes: frozenset[str]) -> str:
    text = str(value).strip()
    if len(text) > LONGEST_LONG_TEXT:
        raise ValueError
    return text


def _number(value: Any, _codes: frozenset[str]) -> str:
    number = Decimal(str(value).replace("\N{NO-BREAK SPACE}", "").replace("\N{NARROW NO-BREAK SPACE}", "").replace(" ", ""))
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise ValueError
    return f"{number.normalize():f}"


def _money(value: Any, codes: frozenset[str]) -> dict[str, str]:
    currency = str(value["currency"]).upper()
    if len(currency) != 3 or not currency.isalpha():
        raise ValueError
    return {"amount": _number(value["amount"], codes), "currency": currency}


def _date(value: Any, _codes: frozenset[str]) -> str:
    return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)[:10]).isoformat()


def _yes_no(value: Any, _codes: frozenset[str]) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in YES | NO:
        raise ValueError
    return word in YES


def _choice(value: Any, codes: frozenset[str]) -> str:
    if str(value) not in codes:
        raise ValueError
    return str(value)


def _choices(value: Any, codes: frozenset[str]) -> list[str]:
    several = [str(one) for one in (value if isinstance(value, (list, tuple, set)) else [value])]
    if set(several) - codes:
        raise ValueError
    return sorted(set(several))


def _link(value: Any, _codes: frozenset[str]) -> int:
    number = int(value)
    if not 0 < number < 10**15:
        raise ValueError
    return number


_CLEANERS = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _long_text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _money,
    FieldKind.DATE: _date,
    FieldKind.YES_NO: _yes_no,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.LINK: _link,
}


class _Words(dict[FieldKind, str]):
    def __missing__(self, kind: FieldKind) -> str:
        return {
            FieldKind.TEXT: _("“%(label)s” must be at most 200 characters long."),
            FieldKind.LONG_TEXT: _("“%(label)s” must be at most 10,000 characters long."),
            FieldKind.NUMBER: _("“%(label)s” must be a number, for example 1250.5."),
            FieldKind.MONEY: _("“%(label)s” must be an amount with a currency, for example 1250.50 EUR."),
            FieldKind.DATE: _("“%(label)s” must be a date, for example 2026-11-30."),
            FieldKind.YES_NO: _("“%(label)s” must be yes or no."),
            FieldKind.CHOICE: _("“%(label)s” must be one of its list."),
            FieldKind.CHOICES: _("“%(label)s” must be some of its list."),
            FieldKind.LINK: _("“%(label)s” must be a customer."),
        }[kind]


_WORDS = _Words()
