"""The API operations over purchases."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.customers.parties.models import Party
from dialogue.kit.api.paging import Page
from dialogue.kit.api.shapes import Input, Moment, Money, Shape, Text
from dialogue.kit.doors import LARGEST, visible_or_404
from dialogue.kit.errors import NotFound, NotPermitted
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import Filtered, Search, filtered_page
from dialogue.selling.purchases.actions import record_purchase
from dialogue.selling.purchases.fields import ENTITY
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.permissions import PurchasePermission

router = Router(tags=["purchases"])
Amount = Annotated[Decimal, Field(max_digits=19, decimal_places=4)]


class PurchaseShape(Shape):
    """Who bought and when; without a party the purchase was anonymous, a return has a negative amount."""

    id: int
    number: str
    at: Moment
    party: int | None
    amount: Money
    is_return: bool
    note: str
    source: int | None
    coupon: str


class LineShape(Shape):
    """One line of a purchase."""

    product: str
    name: str
    quantity: str
    price: Money
    amount: Money


class WholeShape(PurchaseShape):
    """A purchase with its lines."""

    lines: list[LineShape]


class LineInput(Input):
    """One line; a product code nobody knows makes a new product."""

    product: Annotated[Text, Field(max_length=60)] = ""
    name: Annotated[Text, Field(max_length=200)] = ""
    quantity: Annotated[Decimal, Field(max_digits=15, decimal_places=3)] = Decimal(1)
    price: Amount


class PurchaseInput(Input):
    """A purchase to record; `source` is the campaign it names itself, `coupon` the code that came with it."""

    number: Annotated[Text, Field(max_length=80)] = ""
    at: Moment | None = None
    party: Annotated[int, Field(ge=1, lt=LARGEST)] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    note: Annotated[Text, Field(max_length=200)] = ""
    source: Annotated[int, Field(ge=1, lt=LARGEST)] | None = None
    coupon: Annotated[Text, Field(max_length=60)] = ""
    lines: Annotated[list[LineInput], Field(min_length=1, max_length=1000)]


def shape(row: Purchase) -> dict[str, Any]:
    """Return a purchase as operations answer it."""
    return {
        "id": row.pk,
        "number": row.external_id,
        "at": row.at,
        "party": row.party_id,
        "amount": Money.of(row.amount, row.currency),
        "is_return": row.is_return,
        "note": row.note,
        "source": row.source,
        "coupon": row.coupon,
    }


def whole(row: Purchase) -> dict[str, Any]:
    """Return a purchase with its lines."""
    lines = row.lines.select_related("product").order_by("id")
    return shape(row) | {
        "lines": [
            {
                "product": line.product.code if line.product else "",
                "name": line.name,
                "quantity": f"{line.quantity.normalize():f}",
                "price": Money.of(line.price, row.currency),
                "amount": Money.of(line.amount, row.currency),
            }
            for line in lines
        ]
    }


def _refuse_unpermitted(request: ApiRequest) -> None:
    if not request.actor.can(PurchasePermission.READ):
        raise NotPermitted(_("To see purchases you must be allowed to. Ask your administrator."))


@router.get("", response=Page[PurchaseShape], summary="List purchases")
def list_purchases(request: ApiRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """Newest first; `filter` is a rule tree over the fields of `purchase`."""
    _refuse_unpermitted(request)
    return filtered_page(request, ENTITY, asked, shape=shape, order=("-at", "-id"))


@router.post("/search", response=Page[PurchaseShape], summary="Search purchases")
def search_purchases(request: ApiRequest, asked: Search) -> dict[str, Any]:
    """The same as the list, for rule trees too long for an address."""
    _refuse_unpermitted(request)
    return filtered_page(request, ENTITY, asked, shape=shape, order=("-at", "-id"))


@router.post("", response=WholeShape, summary="Record a purchase")
def create_purchase(request: ApiRequest, given: PurchaseInput) -> dict[str, Any]:
    """A known customer's purchase also stands on his timeline."""
    party = None
    if given.party is not None:
        party = Party.objects.visible_to(request.actor).filter(pk=given.party).first()
        if party is None:
            raise NotFound(_("There is no such customer."), field="party")
    row = record_purchase(
        lines=[(line.product, line.name, line.quantity, line.price) for line in given.lines],
        party=party,
        at=given.at,
        currency=given.currency or "",
        external_id=given.number,
        note=given.note,
        source=given.source,
        coupon=given.coupon,
        by=request.actor,
    )
    return whole(row)


@router.get("/{int:purchase}", response=WholeShape, summary="Get a purchase")
def get_purchase(request: ApiRequest, purchase: int) -> dict[str, Any]:
    """With its lines."""
    _refuse_unpermitted(request)
    return whole(visible_or_404(Purchase.objects.visible_to(request.actor), purchase))
