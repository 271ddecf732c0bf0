"""Verbs over members' places, teams and roles. Nobody gives away more than he holds himself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor, Reach
from dialogue.kit.editing import refuse_stale
from dialogue.kit.errors import Conflict, InvalidInput, NotPermitted, Refusal
from dialogue.kit.permissions import all_permissions, permission_groups
from dialogue.platform.accounts.models import Membership, MembershipRole, Role, Team
from dialogue.platform.accounts.permissions import CompanyPermission
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action

LONGEST_TITLE = 120


def refuse_climbing(roles: Collection[Role], by: Actor) -> None:
    """Refuse to hand out roles that may more than the one who hands them out.

    Raises:
        NotPermitted: names the role.
    """
    for role in roles:
        if not by.everything and (role.everything or not set(role.permissions) <= by.permissions):
            raise NotPermitted(
                _("To give the role “%(role)s” you must hold all its permissions yourself. Ask an owner.") % {"role": role.name}
            )


def refuse_ownerless(without: Membership, roles: Collection[Role] = ()) -> None:
    """Refuse a change after which nobody would be an owner.

    Raises:
        Refusal: the place is the last owner's.
    """
    if any(role.everything for role in roles):
        return
    owners = MembershipRole.objects.select_for_update().filter(role__everything=True, membership__is_active=True)
    holders = set(owners.values_list("membership_id", flat=True))
    if holders == {without.pk}:
        raise Refusal(_("To remove the last owner you must first make somebody else an owner."), field="roles")


@action(permission=CompanyPermission.MEMBERS)
def change_member(
    membership: Membership, *, by: Actor, roles: list[Role], team: Team | None, title: str = "", etag: str = ""
) -> Membership:
    """Give a member his roles, team and position; return his place.

    Raises:
        Refusal: no role is left, or he is the last owner.
        NotPermitted: a role given or taken may more than the actor.
        StaleEdit: somebody changed the place meanwhile.
    """
    row = Membership.objects.select_for_update().get(pk=membership.pk)
    refuse_stale(row, {"team_id": team.pk if team else None, "title": title.strip()[:LONGEST_TITLE]}, etag=etag)
    if not roles:
        raise Refusal(_("To keep a member choose at least one role."), field="roles")
    held = list(row.roles.all())
    refuse_climbing([role for role in {*held, *roles} if role not in held or role not in roles], by)
    refuse_ownerless(row, roles)
    before = {"roles": sorted(role.name for role in held), **snapshot(row, ["team_id", "title"])}
    row.team, row.title = team, title.strip()[:LONGEST_TITLE]
    row.save()
    MembershipRole.objects.filter(membership=row).exclude(role__in=roles).delete()
    for role in roles:
        MembershipRole.objects.get_or_create(membership=row, role=role)
    after = {"roles": sorted(role.name for role in roles), **snapshot(row, ["team_id", "title"])}
    record(by, "member.changed", row, changes=difference(before, after))
    return row


@action(permission=CompanyPermission.MEMBERS)
def save_team(name: str, *, by: Actor, team: Team | None = None) -> Team:
    """Make a team or give it another name; return it.

    Raises:
        Refusal: no name, or it is taken.
    """
    wanted = " ".join(name.split())[:80]
    if not wanted:
        raise Refusal(_("Give the team a name."), field="name")
    if Team.objects.filter(name__iexact=wanted).exclude(pk=team.pk if team else 0).exists():
        raise Conflict(_("There is a team “%(name)s” already: choose another name.") % {"name": wanted}, field="name")
    row = Team.objects.select_for_update().get(pk=team.pk) if team else Team()
    before = row.name
    row.name = wanted
    row.save()
    record(by, "team.saved", row, changes=difference({"name": before or None}, {"name": wanted}))
    return row


@action(permission=CompanyPermission.MEMBERS)
def remove_team(team: Team, *, by: Actor) -> Team:
    """Dissolve a team: its members stay, without a team. Return it."""
    row = Team.objects.select_for_update().get(pk=team.pk)
    record(by, "team.removed", row, members=Membership.objects.filter(team=row).count())
    Membership.objects.filter(team=row).update(team=None)
    row.delete()
    return row


def reach_kinds() -> dict[str, str]:
    """Return the kinds of records whose reach a role sets, with their words."""
    return {group.kind: str(group.label) for group in permission_groups if group.kind}


def _clean_role(name: str, permissions: Collection[str], reach: Mapping[str, str], row: Role) -> None:
    errors: dict[str, str] = {}
    wanted = " ".join(name.split())[:80]
    if not wanted:
        errors["name"] = _("Give the role a name.")
    elif Role.objects.filter(name__iexact=wanted).exclude(pk=row.pk).exists():
        errors["name"] = _("There is a role “%(name)s” already: choose another name.") % {"name": wanted}
    if set(permissions) - set(all_permissions()):
        errors["permissions"] = _("Choose among the permissions offered.")
    if set(reach) - {"*", *reach_kinds()} or set(reach.values()) - set(Reach):
        errors["reach"] = _("Choose how far the role sees: own, team's or all records.")
    if errors:
        raise InvalidInput(errors)
    row.name, row.permissions = wanted, sorted(set(permissions))
    row.reach = {kind: str(value) for kind, value in sorted(reach.items())}


@action(permission=CompanyPermission.MEMBERS)
def save_role(
    name: str,
    *,
    by: Actor,
    permissions: Collection[str],
    reach: Mapping[str, str],
    role: Role | None = None,
    etag: str = "",
) -> Role:
    """Make a role or change it; return it. `reach` maps a kind of record (or "*") to own, team or all.

    Raises:
        InvalidInput: names every wrong field.
        NotPermitted: it may more than the actor, before or after.
        Refusal: the owner's role is as it is.
        StaleEdit: somebody changed it meanwhile.
    """
    row = Role.objects.select_for_update().get(pk=role.pk) if role else Role()
    if row.everything:
        raise Refusal(_("The role of an owner may everything and cannot be changed."))
    fields = ["name", "permissions", "reach"]
    if role:
        refuse_climbing([row], by)
        refuse_stale(row, {"name": " ".join(name.split())[:80], "permissions": sorted(set(permissions))}, etag=etag)
    before = snapshot(row, fields) if role else dict.fromkeys(fields)
    _clean_role(name, permissions, reach, row)
    refuse_climbing([row], by)
    row.save()
    record(by, "role.saved", row, changes=difference(before, snapshot(row, fields)))
    return row


@action(permission=CompanyPermission.MEMBERS)
def remove_role(role: Role, *, by: Actor) -> Role:
    """Remove a role that nobody holds; return it.

    Raises:
        Refusal: somebody holds it, or it is the owner's.
    """
    row = Role.objects.select_for_update().get(pk=role.pk)
    if row.everything:
        raise Refusal(_("The role of an owner may everything and cannot be changed."))
    if MembershipRole.objects.filter(role=row).exists():
        raise Conflict(_("To remove this role first give its members another."))
    record(by, "role.removed", row, changes={"permissions": [row.permissions, None]})
    row.delete()
    return row
