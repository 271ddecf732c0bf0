"""The API operations over teams, roles and keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import AwareDatetime, Field

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.api.versions import if_match, tell_version
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.permissions import permission_groups
from dialogue.platform.accounts.actions import make_key, revoke_key
from dialogue.platform.accounts.api import Id, TeamShape
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.accounts.models import ApiKey, Role, Team, User
from dialogue.platform.accounts.permissions import CompanyPermission
from dialogue.platform.accounts.places import remove_role, remove_team, save_role, save_team

teams_router = Router(tags=["company"])
roles_router = Router(tags=["company"])
keys_router = Router(tags=["company"])
Name = Annotated[Text, Field(max_length=80)]
Permissions = Annotated[list[Annotated[Text, Field(max_length=60)]], Field(max_length=500)]
Reaches = Annotated[dict[str, Annotated[Text, Field(max_length=4)]], Field(max_length=50)]


class NameInput(Input):
    """What it is called."""

    name: Name


class RoleShape(Shape):
    """A role: its permissions, and how far it sees per kind of record ("*" for the others): own, team or all."""

    id: int
    name: str
    permissions: list[str]
    reach: dict[str, str]
    everything: bool

    @classmethod
    def of(cls, row: Role) -> RoleShape:
        """Return a role as the API shows it."""
        return cls(id=row.pk, name=row.name, permissions=row.permissions, reach=row.reach, everything=row.everything)


class RoleInput(Input):
    """A role as it is to be."""

    name: Name
    permissions: Permissions
    reach: Annotated[Reaches, Field(default_factory=dict)]


class RoleChange(Input):
    """What may be changed of a role; only the fields sent are."""

    name: Name | None = None
    permissions: Permissions | None = None
    reach: Reaches | None = None


class PermissionShape(Shape):
    """A permission a role or a key may hold."""

    name: str
    label: str
    group: str


class KeyShape(Shape):
    """A key without its secret; `tail` is the secret's end, by which people tell keys apart."""

    id: int
    name: str
    member: int
    tail: str
    scopes: list[str]
    created_at: Moment
    expires_at: Moment | None
    used_at: Moment | None
    revoked_at: Moment | None

    @classmethod
    def of(cls, row: ApiKey) -> KeyShape:
        """Return a key as the API shows it."""
        plain = ("name", "tail", "scopes", "created_at", "expires_at", "used_at", "revoked_at")
        return cls(id=row.pk, member=row.user_id, **{name: getattr(row, name) for name in plain})


class NewKeyShape(KeyShape):
    """A key just made: its secret is told this once."""

    secret: str


class KeyInput(Input):
    """A key to be made; scopes are permissions, or "*" for all that its member may."""

    name: Name
    scopes: Annotated[list[Annotated[Text, Field(max_length=60)]], Field(min_length=1, max_length=500)]
    member: Id | None = None
    expires_at: AwareDatetime | None = None


@teams_router.get("", response=list[TeamShape], summary="List teams")
def list_teams(request: ApiRequest) -> list[TeamShape]:
    """By name."""
    return [TeamShape(id=row.pk, name=row.name) for row in Team.objects.order_by("name")]


@teams_router.post("", response={201: TeamShape}, summary="Make a team")
def post_team(request: ApiRequest, given: NameInput) -> tuple[int, TeamShape]:
    """Members are put into it by changing their places."""
    row = save_team(given.name, by=request.actor)
    return 201, TeamShape(id=row.pk, name=row.name)


@teams_router.patch("/{int:team}", response=TeamShape, summary="Rename a team")
def patch_team(request: ApiRequest, team: int, given: NameInput) -> TeamShape:
    """Its members stay in it."""
    row = save_team(given.name, by=request.actor, team=visible_or_404(Team.objects.all(), team))
    return TeamShape(id=row.pk, name=row.name)


@teams_router.delete("/{int:team}", response={204: None}, summary="Dissolve a team")
def delete_team(request: ApiRequest, team: int) -> tuple[int, None]:
    """Its members stay in the company, without a team."""
    remove_team(visible_or_404(Team.objects.all(), team), by=request.actor)
    return 204, None


def _role(request: ApiRequest, role: int) -> Role:
    """Return a role to who may manage members.

    Raises:
        NotPermitted: he may not.
        Http404: there is none.
    """
    if not request.actor.can(CompanyPermission.MEMBERS):
        raise NotPermitted(_("To see and change roles you must be allowed to manage members. Ask your administrator."))
    return visible_or_404(Role.objects.all(), role)


@roles_router.get("", response=list[RoleShape], summary="List roles")
def list_roles(request: ApiRequest) -> list[RoleShape]:
    """For who may manage members."""
    if not request.actor.can(CompanyPermission.MEMBERS):
        raise NotPermitted(_("To see and change roles you must be allowed to manage members. Ask your administrator."))
    return [RoleShape.of(row) for row in Role.objects.order_by("id")]


@roles_router.get("/permissions", response=list[PermissionShape], summary="List permissions")
def list_permissions(request: ApiRequest) -> list[PermissionShape]:
    """What roles and keys may hold, in the reader's language."""
    return [
        PermissionShape(name=str(name), label=str(label), group=str(group.label))
        for group in permission_groups
        for name, label in group.permissions.items()
    ]


@roles_router.post("", response={201: RoleShape}, summary="Make a role")
def post_role(request: ApiRequest, given: RoleInput) -> tuple[int, RoleShape]:
    """It may no more than the one who makes it."""
    return 201, RoleShape.of(save_role(given.name, by=request.actor, permissions=given.permissions, reach=given.reach))


@roles_router.get("/{int:role}", response=RoleShape, summary="Get a role")
def get_role(request: ApiRequest, response: HttpResponse, role: int) -> RoleShape:
    """One role with its ETag."""
    row = _role(request, role)
    tell_version(response, row)
    return RoleShape.of(row)


@roles_router.patch("/{int:role}", response=RoleShape, summary="Change a role")
def patch_role(request: ApiRequest, response: HttpResponse, role: int, given: RoleChange) -> RoleShape:
    """The owner's role stays as it is."""
    row = _role(request, role)
    changed = save_role(
        row.name if given.name is None else given.name,
        by=request.actor,
        permissions=row.permissions if given.permissions is None else given.permissions,
        reach=row.reach if given.reach is None else given.reach,
        role=row,
        etag=if_match(request),
    )
    tell_version(response, changed)
    return RoleShape.of(changed)


@roles_router.delete("/{int:role}", response={204: None}, summary="Remove a role")
def delete_role(request: ApiRequest, role: int) -> tuple[int, None]:
    """Only one that nobody holds."""
    remove_role(_role(request, role), by=request.actor)
    return 204, None


@keys_router.get("", response=Page[KeyShape], summary="List keys")
def list_keys(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """One's own, or all of them for who may manage keys; the newest first."""
    return page_of(ApiKey.objects.visible_to(request.actor), asked, shape=KeyShape.of)


@keys_router.post("", response={201: NewKeyShape}, summary="Make a key")
def post_key(request: ApiRequest, response: HttpResponse, given: KeyInput) -> tuple[int, NewKeyShape]:
    """For oneself or another member; it may no more than the key that asks. The secret is told this once."""
    owner = None
    if given.member is not None:
        owner = User.objects.filter(pk=given.member, memberships__is_active=True).first()
        if owner is None:
            raise Refusal(_("To make a key choose an active member it acts for."), field="member")
    until: datetime | None = given.expires_at
    key, secret = make_key(given.name, by=request.actor, scopes=given.scopes, user=owner, expires_at=until, through=request.key)
    response["Cache-Control"] = "no-store"
    request.told_once = secret
    return 201, NewKeyShape(**KeyShape.of(key).model_dump(), secret=secret)


@keys_router.delete("/{int:key}", response={204: None}, summary="Revoke a key")
def delete_key(request: ApiRequest, key: int) -> tuple[int, None]:
    """It is refused from the next request on."""
    revoke_key(visible_or_404(ApiKey.objects.visible_to(request.actor), key), by=request.actor)
    return 204, None
