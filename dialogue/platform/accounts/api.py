"""The API operations over the company and its members."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Shape, Text
from dialogue.kit.api.versions import if_match, tell_version
from dialogue.kit.doors import LARGEST
from dialogue.kit.errors import Refusal
from dialogue.platform.accounts.actions import (
    COMPANY_FIELDS,
    change_company,
    change_settings,
    invite_member,
    remove_member,
    unlock_sending,
)
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.accounts.models import Membership, Role, Team
from dialogue.platform.accounts.places import change_member
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import company_settings, setting_of

company_router = Router(tags=["company"])
members_router = Router(tags=["company"])
Id = Annotated[int, Field(ge=1, lt=2**63)]


class CompanyShape(Shape):
    """The company whose key this is; `settings` are its typed settings by name."""

    login: str
    name: str
    language: str
    country: str
    currency: str
    time_zone: str
    week_start: int
    rooms_off: list[str]
    sending_locked: bool
    settings: dict[str, bool | int | str]

    @classmethod
    def of(cls, row: Tenant) -> CompanyShape:
        """Return the company as the API shows it."""
        known = {name: setting_of(row, name) for name in company_settings.keys()}  # noqa: SIM118
        return cls(**{name: getattr(row, name) for name in ("login", *COMPANY_FIELDS, "sending_locked")}, settings=known)


class CompanyChange(Input):
    """What may be changed of the company; only the fields sent are. `settings` takes those of the company's own page."""

    name: Annotated[Text, Field(max_length=120)] | None = None
    language: Annotated[Text, Field(max_length=5)] | None = None
    country: Annotated[Text, Field(max_length=2)] | None = None
    currency: Annotated[Text, Field(max_length=3)] | None = None
    time_zone: Annotated[Text, Field(max_length=60)] | None = None
    week_start: Annotated[int, Field(ge=1, le=7)] | None = None
    rooms_off: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=50)] | None = None
    settings: Annotated[dict[str, bool | Annotated[int, Field(ge=0, lt=2**31)] | Text], Field(max_length=50)] | None = None


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
    role_ids: list[int]
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
            role_ids=[role.pk for role in row.roles.all()],
            team=TeamShape(id=row.team.pk, name=row.team.name) if row.team else None,
            active=row.is_active,
        )


class Invitation(Input):
    """Who is to become a member, with which roles."""

    email: Annotated[Text, Field(max_length=254)]
    name: Annotated[Text, Field(max_length=120)] = ""
    roles: Annotated[list[Id], Field(min_length=1, max_length=50)]
    team: Id | None = None


class MemberChange(Input):
    """What may be changed of a member's place; only the fields sent are."""

    roles: Annotated[list[Id], Field(min_length=1, max_length=50)] | None = None
    team: Id | None = None
    title: Annotated[Text, Field(max_length=120)] | None = None


@company_router.get("", response=CompanyShape, summary="Get the company")
def get_company(request: ApiRequest) -> CompanyShape:
    """Its language, currency and time zone: every day and period is told in that zone."""
    return CompanyShape.of(request.company)


@company_router.patch("", response=CompanyShape, summary="Change the company")
def patch_company(request: ApiRequest, given: CompanyChange) -> CompanyShape:
    """Only the fields sent are changed, all of them or none."""
    values = given.model_dump(exclude_unset=True, exclude_none=True)
    typed = values.pop("settings", {})
    row = change_company(request.company, by=request.actor, **values)
    return CompanyShape.of(change_settings(row, by=request.actor, **typed) if typed else row)


@company_router.post("/unlock-sending", response=CompanyShape, summary="Let letters leave again after a restore")
def post_unlock_sending(request: ApiRequest) -> CompanyShape:
    """A restored copy sends nothing until somebody says so."""
    return CompanyShape.of(unlock_sending(request.company, by=request.actor))


def _places() -> QuerySet[Membership]:
    rows: QuerySet[Membership] = Membership.objects.select_related("user", "team").prefetch_related("roles")
    return rows


def _place(user: int) -> Membership:
    found = _places().filter(user_id=user).first() if user < LARGEST else None
    if found is None:
        raise Http404
    return found


def _roles(ids: list[int]) -> list[Role]:
    rows = list(Role.objects.filter(pk__in=ids))
    if len(rows) != len(set(ids)):
        raise Refusal(_("Choose among the company's roles."), field="roles", code="unknown-role")
    return rows


def _team(pk: int | None) -> Team | None:
    if pk is None:
        return None
    found = Team.objects.filter(pk=pk).first()
    if found is None:
        raise Refusal(_("Choose among the company's teams."), field="team", code="unknown-team")
    return found


def _shown(response: HttpResponse, user: int) -> MemberShape:
    row = _place(user)
    tell_version(response, row)
    return MemberShape.of(row)


@members_router.get("", response=Page[MemberShape], summary="List members")
def list_members(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """Everybody who works or worked in the company, by number."""
    return page_of(_places(), asked, order=("user_id",), shape=MemberShape.of)


@members_router.post("", response={201: MemberShape}, summary="Invite a member")
def post_member(request: ApiRequest, response: HttpResponse, given: Invitation) -> tuple[int, MemberShape]:
    """He signs in by a link sent to his address, or by the one his administrator shows him in the office."""
    place = invite_member(given.email, roles=_roles(given.roles), by=request.actor, name=given.name, team=_team(given.team))
    return 201, _shown(response, place.user_id)


@members_router.get("/{int:member}", response=MemberShape, summary="Get a member")
def get_member(request: ApiRequest, response: HttpResponse, member: int) -> MemberShape:
    """One member's place with its ETag."""
    return _shown(response, member)


@members_router.patch("/{int:member}", response=MemberShape, summary="Change a member's place")
def patch_member(request: ApiRequest, response: HttpResponse, member: int, given: MemberChange) -> MemberShape:
    """His roles, team and position; nobody gives more than he holds himself."""
    row = _place(member)
    sent = given.model_fields_set
    change_member(
        row,
        by=request.actor,
        roles=_roles(given.roles) if given.roles is not None else list(row.roles.all()),
        team=_team(given.team) if "team" in sent else row.team,
        title=given.title if given.title is not None else row.title,
        etag=if_match(request),
    )
    return _shown(response, member)


@members_router.delete("/{int:member}", response={204: None}, summary="Remove a member")
def delete_member(request: ApiRequest, member: int) -> tuple[int, None]:
    """His next request is refused; what he did stays under his name."""
    remove_member(_place(member), by=request.actor)
    return 204, None
