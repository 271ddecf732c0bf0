"""Verbs over rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel.numbers import list_currencies
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.kit.signals import Event
from dialogue.platform.audit.recording import difference, record
from dialogue.platform.audit.verbs import action
from dialogue.platform.rates.banks import read_published
from dialogue.platform.rates.models import BY_HAND, PLACES, Rate
from dialogue.platform.rates.permissions import RatePermission

# Carries how many rates were set.
rates_set: Event[int] = Event("rates.set")
BATCH = 1000
LARGEST = Decimal(10) ** 10


@action(permission=RatePermission.WRITE)
def set_rate(currency: str, quote: str, on: date, value: Decimal, *, by: Actor) -> Rate:
    """Enter a rate by hand, or correct the day's; return it.

    Raises:
        InvalidInput: names every wrong field.
    """
    _refuse_bad(currency, quote, value)
    row = Rate.objects.select_for_update().filter(currency=currency, quote=quote, on=on).first()
    before = {"value": row.value if row else None}
    row = row or Rate(currency=currency, quote=quote, on=on)
    row.value, row.source = value, BY_HAND
    row.save()
    record(by, "rate.set", row, changes=difference(before, {"value": value}))
    rates_set.tell(1)
    return row


def _refuse_bad(currency: str, quote: str, value: Decimal) -> None:
    errors: dict[str, str] = {}
    known = list_currencies()
    for name, code in (("currency", currency), ("quote", quote)):
        if code not in known:
            errors[name] = _("Give the three-letter code of a currency, for example EUR.")
    if not errors and currency == quote:
        errors["quote"] = _("Choose another currency: one unit of it is always one.")
    if not value.is_finite() or not 0 < value < LARGEST or value != round(value, PLACES):
        errors["value"] = _("Give a rate above zero with at most ten decimals.")
    if errors:
        raise InvalidInput(errors)


@action(permission=RatePermission.WRITE)
def remove_rate(rate: Rate, *, by: Actor) -> Rate:
    """Remove a rate; what was converted by it keeps it. Return the removed row."""
    row = Rate.objects.select_for_update().get(pk=rate.pk)
    record(by, "rate.removed", row, changes={"value": [row.value, None]})
    row.delete()
    return row


@action(permission=RatePermission.WRITE)
def load_rates(content: bytes, *, by: Actor, only: set[str] | None = None) -> int:
    """Keep the rates of a central bank's file; return how many. What was entered by hand stays as it is.

    Raises:
        Refusal: the file is none of the known forms, or holds none of the wanted currencies.
    """
    found = [one for one in read_published(content) if not only or {one.currency, one.quote} & only]
    if not found:
        raise Refusal(_("This file holds none of the chosen currencies."), field="file")
    days = {one.on for one in found}
    kept = set(Rate.objects.filter(source=BY_HAND, on__in=days).values_list("currency", "quote", "on"))
    fresh = {(one.currency, one.quote, one.on): one for one in found}
    rows = [
        Rate(currency=one.currency, quote=one.quote, on=one.on, value=one.value, source=one.source)
        for key, one in fresh.items()
        if key not in kept and 0 < one.value < LARGEST
    ]
    Rate.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["tenant_id", "currency", "quote", "on"],
        update_fields=["value", "source", "updated_at"],
    )
    record(by, "rates.loaded", kind="rates.rate", count=len(rows), source=found[0].source, last=max(days))
    rates_set.tell(len(rows))
    return len(rows)
