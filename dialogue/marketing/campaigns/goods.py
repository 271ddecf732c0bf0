"""Products offered while a letter is written: found by name or code, with what they were last sold at."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dialogue.customers.channels.blocks import Block
from dialogue.kit.frozen import frozen
from dialogue.kit.money import print_money
from dialogue.marketing.campaigns.models import Campaign
from dialogue.platform.tenants.opened import open_company
from dialogue.selling.catalog.models import Product
from dialogue.selling.purchases.prices import last_prices

SHOWN = 8


@frozen
class Good:
    """One product to take: its id, name, code and category, and its last price in words ("" where none is known)."""

    pk: int
    name: str
    under: str
    sold: str


def goods_named(text: str, row: Campaign) -> list[Good]:
    """Return the products whose name holds every word of the text or whose code begins with it."""
    rows = list(Product.objects.in_use().named(text)[:SHOWN])
    prices = last_prices([one.pk for one in rows], row.currency)
    found = []
    for one in rows:
        price, at = prices.get(one.pk, (None, None))
        words = _("last sold at %(price)s, %(day)s")
        sold = (
            ""
            if price is None or at is None
            else words % {"price": print_money(price, row.currency), "day": date_format(localtime(at), "SHORT_DATE_FORMAT")}
        )
        found.append(Good(one.pk, one.name, " · ".join(part for part in (one.code, one.category) if part), sold))
    return found


def block_with(block: Block, product: int, row: Campaign, language: str) -> Block:
    """Return the block filled from a product: its name and, where it is known, its last price in the letter's language.

    What stood there about another product goes: its price, picture and address would be wrong.
    """
    found = Product.objects.in_use().filter(pk=product).first()
    if found is None:
        return block
    price, _at = last_prices([found.pk], row.currency).get(found.pk, (None, None))
    filled: dict[str, Any] = {"text": found.name}
    if block.get("text") not in (None, "", found.name):
        filled |= {"price": "", "src": "", "link": ""}
    if price is not None:
        reader = language if language in dict(settings.LANGUAGES) else open_company().language
        with translation.override(reader):
            filled["price"] = print_money(price, row.currency, reader)
    return block | filled
