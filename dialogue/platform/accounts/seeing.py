"""Why a member sees a record, or does not: the verdict is `visible_to`'s, the reason is his roles' reach."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import BigIntegerField, Value
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor, Reach
from dialogue.kit.frozen import frozen
from dialogue.platform.accounts.members import ORDER, actors_of
from dialogue.platform.accounts.models import Membership, Role, User
from dialogue.platform.audit.kinds import RecordKind, record_kinds

MOST = 100


@frozen
class Sight:
    """One member and the record: whether he sees it and the sentence that says why."""

    person: str
    roles: str
    sees: bool
    why: str


@frozen
class _Seer:
    place: Membership
    roles: list[Role]
    sees: bool
    mates: frozenset[int]


def sights_of(kind: str, number: int) -> list[Sight]:
    """Return, for each of the first 100 active members, whether and why he sees the record; a few queries for all of them."""
    known = record_kinds.get(kind)
    places = list(
        Membership.objects.filter(is_active=True)
        .select_related("user", "team")
        .prefetch_related("roles")
        .order_by("user_id")[:MOST]
    )
    actors = actors_of(places)
    seen = _seen_by(known, number, actors)
    seers = [
        _Seer(place, list(place.roles.all()), place.user_id in seen, actors[place.user_id].members)
        for place in places
        if place.user_id in actors
    ]
    row = known.visible_to(actors[min(seen)]).filter(pk=number).first() if seen else None
    holder = getattr(row, known.responsible, None) if row is not None and known.responsible else None
    name = _name(holder)
    return [
        Sight(str(one.place.user), ", ".join(role.name for role in one.roles), one.sees, _why(known, one, holder, name))
        for one in seers
    ]


def _seen_by(known: RecordKind, number: int, actors: Mapping[int, Actor]) -> set[int]:
    """Return the users who see the record, asked in one statement."""
    asked = [
        known.visible_to(actor).filter(pk=number).order_by().values_list(Value(user, output_field=BigIntegerField()))
        for user, actor in actors.items()
    ]
    if not asked:
        return set()
    rows = asked[0].union(*asked[1:], all=True) if len(asked) > 1 else asked[0]
    return {user for (user,) in rows}


def _name(user: int | None) -> str:
    found = User.objects.filter(pk=user).first() if user else None
    return str(found) if found else ""


def _why(known: RecordKind, seer: _Seer, holder: int | None, name: str) -> str:
    all_of = next((role for role in seer.roles if role.everything), None)
    if all_of:
        return _("The role “%(role)s” sees everything.") % {"role": all_of.name}
    widest = max(seer.roles, key=lambda role: ORDER[_reach(role, known)], default=None)
    if widest is None:
        return _("He has no role.")
    reach, facts = _reach(widest, known), {"role": widest.name, "plural": _small(known.plural), "name": name}
    if reach is Reach.ALL or not known.reach:
        return _("The role “%(role)s” sees all records of this kind (%(plural)s).") % facts
    if holder == seer.place.user_id:
        return _("He is responsible for it.")
    if reach is Reach.TEAM:
        if holder is None:
            return _("Nobody is responsible for it.")
        if holder in seer.mates:
            return _("The role “%(role)s” sees the team's records, and %(name)s is of his team.") % facts
        return _("The role “%(role)s” sees the team's records only, and %(name)s is not of his team.") % facts
    if seer.sees:
        return _("The record is open to him for another reason than being responsible.")
    return _("The role “%(role)s” sees only the records he is responsible for.") % facts


def _reach(role: Role, known: RecordKind) -> Reach:
    if role.everything or not known.reach:
        return Reach.ALL
    return Reach(role.reach.get(known.reach, role.reach.get("*", Reach.OWN)))


def _small(words: str | Promise) -> str:
    return str(words).lower()
