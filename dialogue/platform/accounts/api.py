"""The API operations over the company and its members."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from ninja import Query, Router

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Shape
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.accounts.models import Membership
from dialogue.platform.tenants.models import Tenant

company_router = Router(tags=["company"])
members_router = Router(tags=["company"])


class CompanyShape(Shape):
    """The company whose key this is."""

    login: str
    name: str
    language: str
    country: str
    currency: str
    time_zone: str
    week_start: int
    rooms_off: list[str]


class TeamShape(Shape):
    """A team."""

    id: int
    name: str


class MemberShape(Shape):
    """A person's place in the company; `id` is what `responsible` and the like point to."""

    id: int
    name: str
    email: str
    title: str
    roles: list[str]
    team: TeamShape | None
    active: bool

    @classmethod
    def of(cls, row: Membership) -> MemberShape:
        """Return the place as the API shows it; its roles must be loaded."""
        return cls(
            id=row.user_id,
            name=row.user.name,
            email=row.user.email,
            title=row.title,
            roles=[role.name for role in row.roles.all()],
            team=TeamShape(id=row.team.pk, name=row.team.name) if row.team else None,
            active=row.is_active,
        )


@company_router.get("", response=CompanyShape, summary="Get the company")
def get_company(request: ApiRequest) -> Tenant:
    """Its language, currency and time zone: every day and period is told in that zone."""
    return request.company


@members_router.get("", response=Page[MemberShape], summary="List members")
def list_members(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """Everybody who works or worked in the company, by number."""
    rows: QuerySet[Membership] = Membership.objects.select_related("user", "team").prefetch_related("roles")
    return page_of(rows, asked, order=("user_id",), shape=MemberShape.of)
