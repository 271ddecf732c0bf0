"""Verbs over companies and their members."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.kit.permissions import all_permissions
from dialogue.kit.scope import tenant_scope, without_tenant
from dialogue.kit.signals import Event
from dialogue.platform.accounts.keys import EVERYTHING, new_secret
from dialogue.platform.accounts.links import digest_of
from dialogue.platform.accounts.models import ApiKey, Membership, MembershipRole, Role, Team, User
from dialogue.platform.accounts.permissions import CompanyPermission
from dialogue.platform.accounts.places import refuse_climbing, refuse_ownerless
from dialogue.platform.accounts.roles import BUILT_IN
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.tenants.countries import BY_LANGUAGE, habit_of
from dialogue.platform.tenants.errors import LoginTaken
from dialogue.platform.tenants.models import LOGIN_PATTERN, Tenant
from dialogue.platform.tenants.registry import company_settings, optional_rooms, setting_of

company_created: Event[Tenant] = Event("accounts.company_created")
COMPANY_FIELDS = ["name", "language", "country", "currency", "time_zone", "week_start", "rooms_off"]


def create_company(
    name: str,
    *,
    login: str,
    owner: str,
    language: str = "",
    country: str = "",
    currency: str = "",
    time_zone: str = "",
    owner_name: str = "",
    is_demo: bool = False,
) -> tuple[Tenant, User]:
    """Create a company with its built-in roles and its owner; return both.

    Not an `@action`: there is no company yet whose member could be asked. Called by registration and the command line.

    Raises:
        InvalidInput: names every wrong field.
        LoginTaken: another company has the login.
    """
    _refuse_bad_company(name, login=login, owner=owner, language=language, currency=currency, time_zone=time_zone)
    country = (country or BY_LANGUAGE.get(language, "US")).upper()
    habit = habit_of(country)
    with transaction.atomic(), without_tenant("a login must be free in the whole installation"):
        if Tenant.objects.filter(login__iexact=login).exists():
            raise LoginTaken(
                _("To create the company choose another login: “%(login)s” is taken.") % {"login": login}, field="login"
            )
        tenant = Tenant.objects.create(
            login=login.lower(),
            name=name.strip(),
            language=language or habit.language,
            country=country,
            currency=(currency or habit.currency).upper(),
            time_zone=time_zone or habit.time_zone,
            week_start=habit.week_start,
            is_demo=is_demo,
        )
        user, _made = User.objects.get_or_create(email=owner.strip().lower(), defaults={"name": owner_name.strip()})
        if _made:
            user.set_unusable_password()
            user.save()
        with tenant_scope(tenant.pk), translation.override(tenant.language):
            by = system_actor(tenant.pk)
            _make_roles()
            membership = Membership.objects.create(user=user)
            MembershipRole.objects.create(membership=membership, role=Role.objects.get(code="owner"))
            record(by, "company.created", tenant, login=tenant.login)
            company_created.tell(tenant)
    return tenant, user


def _refuse_bad_company(name: str, *, login: str, owner: str, language: str, currency: str, time_zone: str) -> None:
    errors: dict[str, str] = {}
    if not name.strip():
        errors["name"] = _("Give the company a name.")
    if not re.match(LOGIN_PATTERN, login):
        errors["login"] = _("Use Latin letters and digits only, 2 to 40 of them.")
    try:
        validate_email(owner.strip())
    except ValidationError:
        errors["owner"] = _("Give the owner's e-mail address, for example name@example.org.")
    if language and language not in dict(settings.LANGUAGES):
        errors["language"] = _("Choose one of: %(list)s.") % {"list": ", ".join(code for code, _name in settings.LANGUAGES)}
    if currency and not re.match(r"^[A-Za-z]{3}$", currency):
        errors["currency"] = _("Give the three-letter code of a currency, for example EUR.")
    if time_zone and time_zone not in available_timezones():
        errors["time_zone"] = _("Give the name of a time zone, for example Europe/Bucharest.")
    if errors:
        raise InvalidInput(errors)


def _make_roles() -> None:
    for built_in in BUILT_IN:
        Role.objects.create(
            code=built_in.code,
            name=str(built_in.name),
            permissions=built_in.permissions(),
            reach={kind: str(reach) for kind, reach in built_in.reach.items()},
            everything=built_in.everything,
        )


@action(permission=CompanyPermission.MEMBERS)
def invite_member(email: str, *, roles: list[Role], by: Actor, name: str = "", team: Team | None = None) -> Membership:
    """Give a person a place in the company; return the membership.

    Raises:
        Refusal: the address is wrong, he is a member already, or no role was chosen.
        NotPermitted: a role may more than the actor.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise Refusal(_("Give the person's e-mail address, for example name@example.org."), field="email") from None
    if not roles:
        raise Refusal(_("To invite a person choose at least one role."), field="roles")
    refuse_climbing(roles, by)
    user, made = User.objects.get_or_create(email=address, defaults={"name": name.strip()})
    if made:
        user.set_unusable_password()
        user.save()
    membership, fresh = Membership.objects.get_or_create(user=user, defaults={"team": team})
    if not fresh and membership.is_active:
        raise Refusal(_("This person is a member already: change his roles instead."), field="email")
    membership.is_active, membership.team = True, team
    membership.save()
    # Whoever comes back begins anew with the roles of this invitation.
    MembershipRole.objects.filter(membership=membership).delete()
    for role in roles:
        MembershipRole.objects.get_or_create(membership=membership, role=role)
    record(by, "member.invited", membership, roles=[role.name for role in roles])
    return membership


@action(permission=CompanyPermission.MEMBERS)
def remove_member(membership: Membership, *, by: Actor) -> Membership:
    """Close a person's place: his next request is refused; what he did stays under his name.

    Raises:
        Refusal: he is the last owner.
        NotPermitted: he may more than the actor.
    """
    row = Membership.objects.select_for_update().get(pk=membership.pk)
    refuse_climbing(list(row.roles.all()), by)
    refuse_ownerless(row)
    row.is_active = False
    row.save()
    record(by, "member.removed", row)
    return row


@action(permission=CompanyPermission.SETTINGS)
def change_company(tenant: Tenant, *, by: Actor, **fields: object) -> Tenant:
    """Change the company's own facts and the rooms it works without; return it.

    Raises:
        InvalidInput: names every wrong field.
    """
    row = Tenant.objects.select_for_update().get(pk=tenant.pk)
    before = snapshot(row, COMPANY_FIELDS)
    for name in COMPANY_FIELDS:
        if name in fields:
            setattr(row, name, fields[name])
    _refuse_bad_facts(row)
    row.save()
    record(by, "company.changed", row, changes=difference(before, snapshot(row, COMPANY_FIELDS)))
    return row


@action(permission=CompanyPermission.SETTINGS)
def change_settings(tenant: Tenant, *, by: Actor, **values: object) -> Tenant:
    """Change the typed settings that stand on the company's page; return it. Those of other sections have verbs of their own.

    Raises:
        Refusal: a value of another kind or out of bounds, or no such setting.
    """
    row = Tenant.objects.select_for_update().get(pk=tenant.pk)
    known = {name: company_settings.get(name) for name in own_settings()}
    before = {name: setting_of(row, name) for name in known}
    for name, value in values.items():
        if name not in known:
            raise Refusal(_("There is no such setting of the company."), field=name)
        row.settings[name] = known[name].clean(value, field=name)
    row.save(update_fields=["settings"])
    changes = difference(before, {name: setting_of(row, name) for name in known})
    if changes:
        record(by, "company.changed", row, changes=changes)
    return row


def own_settings() -> list[str]:
    """Return the names of the typed settings that stand on the company's page."""
    return [name for name in company_settings.keys() if company_settings.get(name).section == "company"]  # noqa: SIM118


@action(permission=CompanyPermission.SETTINGS)
def unlock_sending(tenant: Tenant, *, by: Actor) -> Tenant:
    """Let letters leave again after a restore; return the company.

    A restored copy may stand beside the original and would write to the same people twice, so a person decides.
    """
    row = Tenant.objects.select_for_update().get(pk=tenant.pk)
    if row.sending_locked:
        row.sending_locked = False
        row.save(update_fields=["sending_locked"])
        record(by, "company.sending_unlocked", row)
    return row


def _refuse_bad_facts(row: Tenant) -> None:
    errors: dict[str, str] = {}
    row.name = " ".join(str(row.name).split())
    if not 0 < len(row.name) <= 120:
        errors["name"] = _("Give the company a name.")
    if row.language not in dict(settings.LANGUAGES):
        errors["language"] = _("Choose one of the languages offered.")
    if not re.match(r"^[A-Z]{2}$", str(row.country)):
        errors["country"] = _("Give the two-letter code of the country, for example RO.")
    if row.currency not in list_currencies():
        errors["currency"] = _("Give the three-letter code of a currency, for example EUR.")
    if row.time_zone not in available_timezones():
        errors["time_zone"] = _("Give the name of a time zone, for example Europe/Bucharest.")
    if row.week_start not in range(1, 8):
        errors["week_start"] = _("Choose a day of the week.")
    row.rooms_off = sorted(set(row.rooms_off))
    if set(row.rooms_off) - set(optional_rooms.keys()):
        errors["rooms_off"] = _("Choose among the rooms offered.")
    if errors:
        raise InvalidInput(errors)


@action()
def set_preferences(user: User, *, by: Actor, language: str | None = None, theme: str | None = None) -> User:
    """Change the person's own language and theme; return the user.

    Raises:
        Refusal: somebody else's, or an unknown value.
    """
    if by.user != user.pk:
        raise Refusal(_("Only the person himself changes his preferences."))
    before = snapshot(user, ["language", "theme"])
    if language is not None:
        if language not in dict(settings.LANGUAGES):
            raise Refusal(_("Choose one of the languages offered."), field="language")
        user.language = language
    if theme is not None:
        user.theme = theme if theme in {"light", "dark"} else ""
    user.save(update_fields=["language", "theme"])
    record(by, "member.preferences", user, changes=difference(before, snapshot(user, ["language", "theme"])))
    return user


@action(permission=CompanyPermission.KEYS)
def make_key(
    name: str,
    *,
    by: Actor,
    scopes: list[str],
    user: User | None = None,
    expires_at: datetime | None = None,
    through: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """Make an API key for a member (himself by default); return it with its secret, which is shown this once.

    `scopes` names permissions, or `["*"]` for all that the member may; the key never does more than its member. A key asked
    for `through` another one gets no scope that this one lacks.

    Raises:
        NotPermitted: it would do more than the one it is asked through.
        Refusal: no name, no scope, an unknown scope, a day in the past, or no such member.
    """
    owner = user.pk if user else by.user or 0
    if not name.strip():
        raise Refusal(_("To make a key give it a name that says who uses it."), field="name")
    unknown = sorted(set(scopes) - {EVERYTHING, *all_permissions()})
    if unknown or not scopes:
        raise Refusal(_("To make a key choose what it may do."), field="scopes", unknown=unknown)
    if through and EVERYTHING not in through.scopes and set(scopes) - set(through.scopes):
        raise NotPermitted(_("A key can only make keys that do no more than itself."), field="scopes")
    if expires_at and expires_at <= timezone.now():
        raise Refusal(_("To make a key choose a last day in the future."), field="expires_at")
    place = Membership.objects.filter(user_id=owner, is_active=True).first()
    if place is None:
        raise Refusal(_("To make a key choose an active member it acts for."), field="user")
    if owner != by.user:
        refuse_climbing(list(place.roles.all()), by)
    secret = new_secret()
    key = ApiKey.objects.create(
        user_id=owner,
        name=name.strip(),
        digest=digest_of(secret),
        tail=secret[-6:],
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    record(by, "key.made", key, scopes=key.scopes, user=str(key.user))
    return key, secret


@action()
def revoke_key(key: ApiKey, *, by: Actor) -> ApiKey:
    """Make a key useless from now on; one's own, or any for who may manage keys. Return it."""
    row = ApiKey.objects.visible_to(by).select_for_update().get(pk=key.pk)
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at", "updated_at"])
        record(by, "key.revoked", row)
    return row
