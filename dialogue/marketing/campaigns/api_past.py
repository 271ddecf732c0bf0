"""The API operations over campaigns of the time before."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from dialogue.kit.api.shapes import Input, Shape
from dialogue.kit.errors import NotPermitted
from dialogue.marketing.campaigns.api_shapes import CampaignShape, Id
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.past import MOST, Past, past_sources, take_over_past
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.tenants.models import Tenant

router = Router(tags=["campaigns"])


class PastShape(Shape):
    """A campaign that an import tells of and nobody planned here."""

    source: int
    name: str
    people: int
    starts_on: date
    ends_on: date

    @classmethod
    def told(cls, one: Past, company: Tenant) -> PastShape:
        """Return the shape, its days in the company's time zone."""
        starts_on, ends_on = one.days(company)
        return cls(source=one.source.pk, name=one.source.name, people=one.people, starts_on=starts_on, ends_on=ends_on)


class TakeOverInput(Input):
    """Which campaigns of the past become campaigns with figures."""

    sources: Annotated[list[Id], Field(min_length=1, max_length=MOST)]


@router.get("", response=list[PastShape], summary="List campaigns of the past")
def list_past(request: ApiRequest) -> list[PastShape]:
    """The newest first; those taken over are campaigns and stand here no longer."""
    if not request.actor.can(CampaignPermission.WRITE):
        raise NotPermitted(_("To plan campaigns you must have the right to. Ask your administrator."))
    return [PastShape.told(one, request.company) for one in past_sources()]


@router.post("", response={201: list[CampaignShape]}, summary="Take over campaigns of the past")
def take_over(request: ApiRequest, given: TakeOverInput) -> tuple[int, list[CampaignShape]]:
    """Each becomes a finished campaign whose people are those it touched."""
    made = take_over_past(given.sources, by=request.actor)
    rows = Campaign.objects.visible_to(request.actor).in_bulk([one.pk for one in made])
    return 201, [CampaignShape.of(rows[one.pk]) for one in made if one.pk in rows]
