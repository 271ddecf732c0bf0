"""The fields of a purchase: one description for lists, filters, the API and segments."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.fields import party
from dialogue.platform.criteria.fields import Entity, Field, Relation, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.selling.purchases.models import Purchase

ENTITY = "purchase"
purchase = entities.add(
    ENTITY, Entity(name=ENTITY, label=_("purchase"), plural=_("purchases"), model=Purchase, title="external_id")
)


def _party(row: Any) -> str:
    return row.party.name if row.party_id and row.party else ""


def _products(row: Any) -> str:
    return ", ".join(line.name for line in row.lines.all()[:3])


purchase.add(
    Field("number", _("number"), FieldKind.TEXT, "external_id"),
    Field("at", _("when"), FieldKind.MOMENT, "at", sort="at"),
    Field("party", _("customer"), FieldKind.TEXT, "party__name", joins=("party",), read=_party),
    Field("amount", _("amount"), FieldKind.MONEY, "amount", currency="currency"),
    Field("is_return", _("return"), FieldKind.YES_NO, "is_return"),
    Field("product.code", _("product code"), FieldKind.TEXT, "lines__product__code", links=True, read=_products),
    Field("product.name", _("product name"), FieldKind.TEXT, "lines__product__name", links=True, read=_products),
    Field("product.category", _("product category"), FieldKind.TEXT, "lines__product__category", links=True, read=_products),
    Field("coupon", _("coupon"), FieldKind.TEXT, "coupon"),
    Field("note", _("note"), FieldKind.TEXT, "note"),
)
# {"has": "purchase", "where": […], "sum": "amount", "at_least": …} asks what a customer bought.
party.relations.add(
    ENTITY, Relation(ENTITY, "party_id", _("purchases of the customer"), there=_("has purchases"), none=_("has no purchases"))
)
