"""Money: an amount with its currency; ISO 4217 minor units; printed with thin spaces in the reader's language."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_precision, get_currency_symbol, get_decimal_symbol, get_group_symbol
from django.utils import translation
from moneyed import Money

# The decimals a stored amount keeps: unit prices of real shops have three (0.001), rates leave four.
NO_BREAK, THIN, MINUS = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{MINUS SIGN}"
# What a business letter of the country writes, where Babel would print a bare code or a rarely used sign.
SIGNS = {
    ("ru", "RUB"): "руб.",
    ("ru", "UAH"): "грн",
    ("uk", "RUB"): "руб.",
    ("uk", "UAH"): "грн",
    ("ro", "RON"): "lei",
    ("ro", "MDL"): "lei MDL",
    ("ru", "MDL"): "лей MDL",
}
STORED_DIGITS = 19
STORED_PLACES = 4


def round_half_up(amount: Decimal, places: int) -> Decimal:
    """Return the amount with `places` decimals, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def in_minor_units(money: Money) -> int:
    """Return the amount in its currency's smallest unit, half up: 12.345 EUR is 1235, 12.5 JPY is 13."""
    places = get_currency_precision(money.currency.code)
    return int(round_half_up(money.amount, places).scaleb(places))


def money_json(amount: Decimal | None, currency: str) -> dict[str, str] | None:
    """Return money as the API writes it, `{"amount": "1.00", "currency": "RUB"}`, or None."""
    if amount is None:
        return None
    return {"amount": str(round_half_up(amount, get_currency_precision(currency))), "currency": currency}


@lru_cache(maxsize=1024)
def _manner(currency: str, language: str) -> tuple[Decimal, int, dict[int, str], str, str]:
    """Return the smallest unit, its places, the separators, and what stands before and after the digits."""
    places = get_currency_precision(currency)
    group = get_group_symbol(language).replace(NO_BREAK, THIN)
    separators = {ord(","): group, ord("."): get_decimal_symbol(language)}
    sign = SIGNS.get((language, currency)) or get_currency_symbol(currency, locale=language)
    if language == "en":
        return Decimal(1).scaleb(-places), places, separators, f"{sign}{NO_BREAK if sign.isalpha() else ''}", ""
    # Before a sign a hair is enough; letters need a whole space to stand apart from the digits.
    return Decimal(1).scaleb(-places), places, separators, "", f"{NO_BREAK if sign[0].isalpha() else THIN}{sign}"


def print_money(amount: Any, currency: str, language: str = "") -> str:
    """Return the amount for a reader: grouped, with its currency, without empty kopecks ("1 520 000 руб.")."""
    unit, places, separators, before, after = _manner(currency, language or translation.get_language() or "en")
    rounded = (amount if isinstance(amount, Decimal) else Decimal(amount)).quantize(unit, rounding=ROUND_HALF_UP)
    whole = rounded.to_integral_value()
    digits = (f"{abs(whole):,.0f}" if rounded == whole else f"{abs(rounded):,.{places}f}").translate(separators)
    return f"{MINUS if rounded < 0 else ''}{before}{digits}{after}"
