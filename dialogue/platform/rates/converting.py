"""Convert an amount on a day: what was converted keeps the rate, its day and its source."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from dialogue.kit.frozen import frozen
from dialogue.kit.money import STORED_PLACES, round_half_up
from dialogue.platform.rates.errors import RateMissing
from dialogue.platform.rates.models import PLACES, Rate

SAME = "same"


@frozen
class Converted:
    """An amount in another currency with how it came about; `on` is the day of the rate, not of the question."""

    amount: Decimal
    currency: str
    rate: Decimal
    on: date
    source: str


@frozen
class _Known:
    value: Decimal
    on: date
    source: str


def convert(amount: Decimal, currency: str, to: str, on: date) -> Converted:
    """Return `amount` in `to` by the newest rate of that day or before: direct, inverse, or through one shared currency.

    One query. The amount keeps four decimals, halves away from zero.

    Raises:
        RateMissing: no rate of these currencies is known by then.
    """
    found = rate_of(currency, to, on)
    return Converted(round_half_up(amount * found.value, STORED_PLACES), to, found.value, found.on, found.source)


def rate_of(currency: str, to: str, on: date) -> _Known:
    """Return what one unit of `currency` is worth in `to`, with the rate's day and source.

    Raises:
        RateMissing: no rate of these currencies is known by then.
    """
    if currency == to:
        return _Known(Decimal(1), on, SAME)
    table = _newest({currency, to}, on)
    found = _direct(table, currency, to) or _crossed(table, currency, to)
    if found is None:
        raise RateMissing(
            _("To convert %(currency)s into %(to)s enter a rate for %(day)s or an earlier day.")
            % {"currency": currency, "to": to, "day": on.isoformat()},
            field="currency",
        )
    return found


def _newest(currencies: set[str], on: date) -> dict[tuple[str, str], _Known]:
    rows = (
        Rate.objects.filter(Q(currency__in=currencies) | Q(quote__in=currencies), on__lte=on)
        .order_by("currency", "quote", "-on")
        .distinct("currency", "quote")
    )
    return {(row.currency, row.quote): _Known(row.value, row.on, row.source) for row in rows}


def _direct(table: dict[tuple[str, str], _Known], currency: str, to: str) -> _Known | None:
    straight, inverse = table.get((currency, to)), table.get((to, currency))
    if straight and (inverse is None or straight.on >= inverse.on):
        return straight
    if inverse:
        return _Known(round_half_up(1 / inverse.value, PLACES), inverse.on, inverse.source)
    return None


def _crossed(table: dict[tuple[str, str], _Known], currency: str, to: str) -> _Known | None:
    """Return the rate through the shared currency whose older leg is newest; that leg's day is the rate's."""
    shared = {name for pair in table for name in pair} - {currency, to}
    best: _Known | None = None
    for middle in sorted(shared):
        first, second = _direct(table, currency, middle), _direct(table, middle, to)
        if first and second:
            older = min(first, second, key=lambda leg: leg.on)
            if best is None or older.on > best.on:
                best = _Known(round_half_up(first.value * second.value, PLACES), older.on, older.source)
    return best
