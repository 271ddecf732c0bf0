"""Budgets that waited for a rate get their value in the company's currency."""

from __future__ import annotations

from django.db.models import DecimalField, ExpressionWrapper, F, Value
from django.db.models.functions import Round

from dialogue.kit.money import STORED_PLACES
from dialogue.kit.scope import current_tenant
from dialogue.platform.rates.converting import rate_of
from dialogue.platform.rates.errors import RateMissing
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.deals.models import Deal

WIDE = DecimalField(max_digits=38, decimal_places=14)
STORED = DecimalField(max_digits=19, decimal_places=4)


def fill_base_amounts() -> int:
    """Value the deals whose currency had no rate when they were written, one statement a currency; return how many.

    What was valued once keeps the rate of its day.
    """
    tenant = Tenant.objects.get(pk=current_tenant())
    waiting = Deal.objects.filter(base_amount=None).exclude(budget=None)
    filled = 0
    for currency in waiting.order_by("currency").values_list("currency", flat=True).distinct():
        try:
            known = rate_of(currency, tenant.currency, tenant.today())
        except RateMissing:
            continue
        value = Round(
            ExpressionWrapper(F("budget") * Value(known.value), output_field=WIDE), STORED_PLACES, output_field=STORED
        )
        filled += waiting.filter(currency=currency).update(
            base_amount=value, base_currency=tenant.currency, rate=known.value, rate_on=known.on
        )
    return filled
