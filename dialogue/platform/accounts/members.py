"""From a user and a company to an actor: the permissions and the reach that his roles add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dialogue.kit.actors import Actor, Reach
from dialogue.kit.reference import remembered
from dialogue.platform.accounts.models import Membership, Role, User

# The references (kit/reference.py) by which pages remember the asker, the members and the roles.
ASKER, MEMBERS, ROLES = "accounts.asker", "accounts.members", "accounts.roles"
ORDER = {Reach.OWN: 0, Reach.TEAM: 1, Reach.ALL: 2}


def widest(reaches: Iterable[dict[str, str]]) -> dict[str, Reach]:
    """Return the widest reach per kind: several roles add up, none takes away."""
    roles = list(reaches)
    kinds = {kind for reach in roles for kind in reach}
    # A role that says nothing of a kind sees as far as its "*" says.
    return {kind: max((Reach(r.get(kind, r.get("*", Reach.OWN))) for r in roles), key=ORDER.__getitem__) for kind in kinds}


def member_actor(user: User) -> Actor | None:
    """Return the user's actor in the open company, or None where he has no active place."""
    membership = Membership.objects.filter(user=user, is_active=True).first()
    if membership is None or not user.is_active:
        return None
    roles = list(Role.objects.filter(membershiprole__membership=membership))
    mates: frozenset[int] = frozenset({user.pk})
    if membership.team_id and _asks_for_mates(roles):
        team = Membership.objects.filter(team_id=membership.team_id).values_list("user_id", flat=True)
        mates = frozenset(team) | mates
    return _actor_of(membership, user, roles, mates)


def actors_of(places: Iterable[Membership]) -> dict[int, Actor]:
    """Return `{user id: actor}` of the places whose users may come in; their users and roles are loaded. One query."""
    teams: dict[int | None, set[int]] = {}
    for team, user in Membership.objects.exclude(team=None).values_list("team_id", "user_id"):
        teams.setdefault(team, set()).add(user)
    found = {}
    for place in places:
        roles = list(place.roles.all())
        mates = teams.get(place.team_id, set()) if _asks_for_mates(roles) else set()
        if place.user.is_active:
            found[place.user_id] = _actor_of(place, place.user, roles, frozenset({*mates, place.user_id}))
    return found


def _asks_for_mates(roles: Sequence[Role]) -> bool:
    return Reach.TEAM in widest(role.reach for role in roles).values()


def _actor_of(membership: Membership, user: User, roles: Sequence[Role], mates: frozenset[int]) -> Actor:
    return Actor(
        tenant=membership.tenant_id,
        label=str(user),
        user=user.pk,
        permissions=frozenset(name for role in roles for name in role.permissions),
        reach=widest(role.reach for role in roles),
        members=mates,
        everything=any(role.everything for role in roles),
    )


def member_choices() -> list[tuple[str, str]]:
    """Return the active members of the open company as (user id, name), by name: what a field of members offers."""
    return remembered(MEMBERS, _choices)


def _choices() -> list[tuple[str, str]]:
    places = Membership.objects.filter(is_active=True).select_related("user")
    return sorted(((str(place.user_id), str(place.user)) for place in places), key=lambda one: one[1].casefold())
