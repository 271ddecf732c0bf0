"""The API operations over coupons; a code is used by recording a purchase with it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.customers.parties.models import Party
from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotPermitted
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.selling.promotions import actions
from dialogue.selling.promotions.figures import figures_of
from dialogue.selling.promotions.models import Series, Use
from dialogue.selling.promotions.permissions import PromotionPermission

router = Router(tags=["coupons"])
Id = Annotated[int, Field(ge=1, lt=2**63)]


class SeriesInput(Input):
    """Coupons of one offer: with a `code` one for everybody, without it a code for each. `source` is the campaign."""

    name: Annotated[Text, Field(max_length=120)]
    source: Id | None = None
    offer: Annotated[Text, Field(max_length=200)] = ""
    code: Annotated[Text, Field(max_length=60)] = ""
    prefix: Annotated[Text, Field(max_length=20)] = ""
    starts_on: date | None = None
    ends_on: date | None = None
    once_each: bool = True
    limit: Annotated[int, Field(ge=1, lt=10**9)] | None = None


class SeriesShape(Shape):
    """A series with what became of it: `used` counts uses that count, `refused` the others."""

    id: int
    name: str
    source: int | None
    offer: str
    code: str
    prefix: str
    starts_on: date | None
    ends_on: date | None
    once_each: bool
    limit: int | None
    closed_at: Moment | None
    issued: int
    used: int
    refused: int

    @classmethod
    def of(cls, row: Series) -> SeriesShape:
        """Return a series as the API shows it."""
        figures = figures_of([row])[row.pk]
        same = ("name", "source", "offer", "code", "prefix", "starts_on", "ends_on", "once_each", "limit", "closed_at")
        counted: dict[str, Any] = {"issued": figures.issued, "used": figures.used, "refused": figures.refused}
        return cls(id=row.pk, **counted, **{name: getattr(row, name) for name in same})


class IssueInput(Input):
    """Whom to give a code."""

    parties: Annotated[list[Id], Field(min_length=1, max_length=5000)]


class IssuedShape(Shape):
    """A customer's own code."""

    party: int
    code: str


class CheckInput(Input):
    """A code somebody wants to use."""

    code: Annotated[Text, Field(min_length=1, max_length=60)]
    party: Id | None = None


class CheckedShape(Shape):
    """Whether it would count now. `verdict`: counts, unknown, early, late, closed, used, spent."""

    counts: bool
    verdict: str
    series: int | None
    offer: str


class UseShape(Shape):
    """A code that came with a purchase."""

    id: int
    at: Moment
    code: str
    purchase: int
    party: int | None
    verdict: str
    entry: int | None

    @classmethod
    def of(cls, row: Use) -> UseShape:
        """Return a use as the API shows it."""
        same = ("at", "code", "purchase", "verdict", "entry")
        return cls(id=row.pk, party=row.party_id, **{name: getattr(row, name) for name in same})


def _series(request: ApiRequest, pk: int, permission: str = PromotionPermission.READ) -> Series:
    _need(request, permission)
    return visible_or_404(Series.objects.all(), pk)


def _need(request: ApiRequest, permission: str = PromotionPermission.READ) -> None:
    if not request.actor.can(permission):
        raise NotPermitted(
            _("To do this you must have the permission “%(permission)s”. Ask your administrator.") % {"permission": permission}
        )


@router.get("", response=Page[SeriesShape], summary="List coupons")
def list_coupons(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """The series, the newest first."""
    _need(request)
    return page_of(Series.objects.all(), asked, shape=SeriesShape.of)


@router.post("", response={201: SeriesShape}, summary="Make coupons")
def create_coupons(request: ApiRequest, given: SeriesInput) -> tuple[int, SeriesShape]:
    """A series of single codes, or one code for everybody."""
    return 201, SeriesShape.of(actions.create_series(actions.SeriesDraft(**given.model_dump()), by=request.actor))


@router.post("/check", response=CheckedShape, summary="Check a code")
def post_coupon_check(request: ApiRequest, given: CheckInput) -> CheckedShape:
    """What a till asks before it grants the offer; nothing is used by it."""
    _need(request)
    verdict, series = actions.check_code(given.code, party=given.party)
    return CheckedShape(
        counts=verdict == "counts",
        verdict=str(verdict.value),
        series=series.pk if series else None,
        offer=series.offer if series else "",
    )


@router.get("/{int:series}", response=SeriesShape, summary="Get coupons")
def get_coupons(request: ApiRequest, series: int) -> SeriesShape:
    """One series with what became of it."""
    return SeriesShape.of(_series(request, series))


@router.post("/{int:series}/issue", response=list[IssuedShape], summary="Give customers their codes")
def post_coupons_issue(request: ApiRequest, series: int, given: IssueInput) -> list[IssuedShape]:
    """Who has a code of this series keeps it."""
    row = _series(request, series, PromotionPermission.WRITE)
    seen = Party.objects.visible_to(request.actor).filter(pk__in=given.parties).values_list("pk", flat=True)
    issued = actions.issue_coupons(row, list(seen), by=request.actor)
    return [IssuedShape(party=party, code=code) for party, code in issued.items()]


@router.post("/{int:series}/close", response=SeriesShape, summary="Close coupons")
def post_coupons_close(request: ApiRequest, series: int) -> SeriesShape:
    """Uses from now on do not count."""
    return SeriesShape.of(actions.close_series(_series(request, series, PromotionPermission.WRITE), by=request.actor))


@router.get("/{int:series}/uses", response=Page[UseShape], summary="List uses of coupons")
def list_coupon_uses(request: ApiRequest, series: int, asked: Query[Paging]) -> dict[str, Any]:
    """Each use with whether it counts."""
    rows = Use.objects.visible_to(request.actor).living().filter(series=_series(request, series))
    return page_of(rows, asked, shape=UseShape.of)
