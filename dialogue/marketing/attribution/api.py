"""The API operations over attribution: what campaigns brought, and why."""

from __future__ import annotations

from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.customers.sources.models import Source
from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Moment, Money, Shape
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotFound, NotPermitted
from dialogue.marketing.attribution.counting import windows_of
from dialogue.marketing.attribution.explaining import explain
from dialogue.marketing.attribution.figures import brought_by
from dialogue.marketing.attribution.models import Attribution, What
from dialogue.marketing.attribution.permissions import AttributionPermission
from dialogue.marketing.attribution.views import MODELS
from dialogue.platform.accounts.doors import ApiRequest

router = Router(tags=["attribution"])
Id = Annotated[int, Field(ge=1, lt=2**63)]


class AttributionShape(Shape):
    """What brought one purchase or deal. `rule`: coupon, named, deed, delivered; `within` days was its window."""

    id: int
    what: str
    ref: int
    party: int
    at: Moment
    source: int | None
    touch: int | None
    entry: int | None
    rule: str
    days: int
    within: int

    @classmethod
    def of(cls, row: Attribution) -> AttributionShape:
        """Return an attribution as the API shows it."""
        same = ("what", "ref", "at", "source", "touch", "entry", "rule", "days", "within")
        return cls(id=row.pk, party=row.party_id, **{name: getattr(row, name) for name in same})


class WhyShape(Shape):
    """Why it is attributed so, in the words of the key's language."""

    attribution: AttributionShape | None
    campaign: str
    words: str
    rule: str


class BroughtShape(Shape):
    """What a campaign brought by one rule in one currency; of deals also what was won."""

    what: str
    rule: str
    count: int
    customers: int
    amount: Money | None
    won: int
    won_amount: Money | None


class AttributionAsked(Paging):
    """Which page, of which campaign and thing."""

    source: Id | None = None
    what: Annotated[str, Field(max_length=8)] = ""


def _need(request: ApiRequest) -> None:
    if not request.actor.can(AttributionPermission.READ):
        raise NotPermitted(
            _("To do this you must have the permission “%(permission)s”. Ask your administrator.")
            % {"permission": AttributionPermission.READ}
        )


@router.get("", response=Page[AttributionShape], summary="List attributions")
def list_attributions(request: ApiRequest, asked: Query[AttributionAsked]) -> dict[str, Any]:
    """What was brought, the newest first; `source` and `what` narrow."""
    _need(request)
    rows = Attribution.objects.visible_to(request.actor)
    if asked.source is not None:
        rows = rows.to_source(asked.source)
    if asked.what in What.values:
        rows = rows.filter(what=asked.what)
    return page_of(rows, asked, shape=AttributionShape.of)


@router.get("/sources/{int:source}", response=list[BroughtShape], summary="What a campaign brought")
def get_brought(request: ApiRequest, source: int) -> list[BroughtShape]:
    """A line for each thing, rule and currency."""
    _need(request)
    visible_or_404(Source.objects.visible_to(request.actor), source)
    return [
        BroughtShape(
            what=one.what,
            rule=one.rule,
            count=one.count,
            customers=one.customers,
            amount=Money.of(one.amount, one.currency),
            won=one.won,
            won_amount=Money.of(one.won_amount, one.currency),
        )
        for one in brought_by([source])
    ]


@router.get("/{str:what}/{int:record}/why", response=WhyShape, summary="Why a purchase or deal is attributed so")
def get_attribution_why(request: ApiRequest, what: str, record: int) -> WhyShape:
    """`what`: purchase or deal."""
    _need(request)
    if what not in MODELS:
        raise NotFound(_("There is nothing to attribute under this name."), field="what")
    visible_or_404(MODELS[what].objects.visible_to(request.actor), record)
    row = Attribution.objects.visible_to(request.actor).filter(what=what, ref=record).first()
    why = explain(row, windows_of(request.company))
    return WhyShape(
        attribution=AttributionShape.of(row) if row else None, campaign=why.campaign, words=why.words, rule=why.rule
    )
