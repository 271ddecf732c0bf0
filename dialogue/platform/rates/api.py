"""The API operations over exchange rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import File, Query, Router, UploadedFile
from pydantic import Field

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Money, Shape
from dialogue.kit.doors import ActorRequest, visible_or_404
from dialogue.platform.rates import actions
from dialogue.platform.rates.converting import Converted, convert
from dialogue.platform.rates.models import DIGITS, PLACES, Rate

router = Router(tags=["rates"])
Code = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
Value = Annotated[Decimal, Field(gt=0, max_digits=DIGITS, decimal_places=PLACES)]


class RateInput(Input):
    """What one unit of `currency` costs in `quote` on a day."""

    currency: Code
    quote: Code
    on: date
    value: Value


class RateShape(Shape):
    """A rate with its source."""

    id: int
    currency: str
    quote: str
    on: date
    value: Decimal
    source: str


class RateFilter(Paging):
    """Which rates are asked for."""

    currency: Code | None = None


class Question(Input):
    """What is to be converted."""

    amount: Annotated[Decimal, Field(max_digits=19, decimal_places=4)]
    currency: Code
    to: Code
    on: date


class ConvertedShape(Shape):
    """The converted money with its rate, the rate's day and source."""

    money: Money
    rate: Decimal
    on: date
    source: str


class LoadedShape(Shape):
    """How many rates a file brought."""

    loaded: int


@router.get("", response=Page[RateShape], summary="List exchange rates")
def list_rates(request: ActorRequest, asked: Query[RateFilter]) -> dict[str, Any]:
    """The newest day first."""
    rows = Rate.objects.visible_to(request.actor)
    if asked.currency:
        rows = rows.filter(currency=asked.currency)
    return page_of(rows, asked, order=("-on", "-id"))


@router.post("", response=RateShape, summary="Enter an exchange rate")
def set_rate(request: ActorRequest, given: RateInput) -> Rate:
    """The day's rate of the same currencies is replaced."""
    return actions.set_rate(given.currency, given.quote, given.on, given.value, by=request.actor)


@router.get("/convert", response=ConvertedShape, summary="Convert an amount on a day")
def convert_amount(request: ActorRequest, asked: Query[Question]) -> dict[str, Any]:
    """By the newest rate of that day or before."""
    made: Converted = convert(asked.amount, asked.currency, asked.to, asked.on)
    return {"money": Money.of(made.amount, made.currency), "rate": made.rate, "on": made.on, "source": made.source}


@router.post("/load", response=LoadedShape, summary="Load a central bank's file of rates")
def load_rates(request: ActorRequest, file: File[UploadedFile]) -> dict[str, int]:
    """Files of the Bank of Russia, of Ukraine, of Romania or of the European Central Bank."""
    return {"loaded": actions.load_rates(file.read(), by=request.actor)}


@router.delete("/{int:rate}", response={204: None}, summary="Remove an exchange rate")
def remove_rate(request: ActorRequest, rate: int) -> HttpResponse:
    """What was converted by it keeps it."""
    actions.remove_rate(visible_or_404(Rate.objects.visible_to(request.actor), rate), by=request.actor)
    return HttpResponse(status=204)
