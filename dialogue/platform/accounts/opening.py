"""Opening a company for a signed-in member or an API key: who asks, company and the stamps of what is remembered, in one turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.utils.crypto import constant_time_compare

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.reference import Memory, references, stamps_statement
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.keys import BEGINNING
from dialogue.platform.accounts.links import digest_of
from dialogue.platform.accounts.members import ASKER, MEMBERS, ROLES, member_actor
from dialogue.platform.accounts.models import ApiKey, User
from dialogue.platform.tenants.models import Tenant

OPEN = "SELECT kept, company, stamp FROM public.accounts_open(%s, %s)"
OPEN_KEY = "SELECT key, company, member, key_stamp, company_stamp FROM public.accounts_open_key(%s)"
WHO = (ASKER, MEMBERS, ROLES)
MOST_MEMBERS = 5000
_companies: Memory[Tenant] = Memory(MOST_MEMBERS)
_keys: Memory[ApiKey] = Memory(MOST_MEMBERS)
_users: Memory[User | None] = Memory(MOST_MEMBERS)
# Whose a session was: the stamps of the same user are asked for in the same turn; the session itself says who he is.
_guessed: Memory[int] = Memory(MOST_MEMBERS)
_actors: Memory[Actor | None] = Memory(MOST_MEMBERS)


@frozen
class Opened:
    """A company open for a user; `actor` is None for a user who has no place in it."""

    company: Tenant
    stamp: str
    user: User
    actor: Actor | None
    stamps: Mapping[str, str]


def open_company(session: SessionBase, login: str) -> Opened | None:
    """Return the company opened for the session's user, or None where Django has to look itself.

    That is: no such session or company, a user gone or put aside, a password changed since. The session keeps what was read.
    """
    backend = cast("Any", connection)
    place = session.session_key
    guess = _guessed.get(place, "", lambda: 0)
    opening, stamped = backend.ask_together([(OPEN, [place, login]), (stamps_statement(), {"user": guess})])
    if not opening:
        return None
    kept, company, stamp = opening[0]
    backend.company_opened(company)
    facts = session.decode(kept)
    number, door = facts.get(SESSION_KEY, ""), facts.get(BACKEND_SESSION_KEY)
    if not number.isdecimal() or door not in settings.AUTHENTICATION_BACKENDS:
        return None
    if int(number) != guess:
        _guessed.put(place, "", int(number))
        with tenant_scope(company):
            stamped = backend.ask_together([(stamps_statement(), {"user": int(number)})])[0]
    stamps = dict(zip(references.keys(), stamped[0], strict=True))
    user = _user(int(number), stamps)
    if user is None or not user.is_active:
        return None
    if not constant_time_compare(facts.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    session._session_cache = facts  # type: ignore[attr-defined]
    return Opened(
        stamp=stamp,
        company=copy(_companies.get(company, stamp, _company(company))),
        user=copy(user),
        actor=_actor(company, user, stamps),
        stamps=stamps,
    )


@frozen
class OpenedByKey:
    """A company open for a program; `actor` is the key's member, narrowed by nothing yet."""

    company: Tenant
    key: ApiKey
    actor: Actor


def open_by_key(secret: str) -> OpenedByKey | None:
    """Return the company opened for the key with this secret, or None: no such key, revoked, expired, or its member gone."""
    if not secret.startswith(BEGINNING):
        return None
    backend = cast("Any", connection)
    digest = digest_of(secret)
    guess = _guessed.get(digest, "", lambda: 0)
    opening, stamped = backend.ask_together([(OPEN_KEY, [digest]), (_asker_statement(), {"user": guess})])
    if not opening:
        return None
    number, company, member, key_stamp, company_stamp = opening[0]
    backend.company_opened(company)
    with tenant_scope(company):
        if member != guess:
            _guessed.put(digest, "", member)
            stamped = backend.ask_together([(_asker_statement(), {"user": member})])[0]
        stamps = dict(zip(WHO, stamped[0], strict=True))
        user = _user(member, stamps)
        key = copy(_keys.get(number, key_stamp, lambda: ApiKey.objects.get(pk=number)))
    actor = _actor(company, user, stamps) if user and user.is_active and key.is_usable else None
    if user is None or actor is None:
        return None
    key.user = copy(user)
    return OpenedByKey(copy(_companies.get(company, company_stamp, _company(company))), key, actor)


@cache
def _asker_statement() -> str:
    """Return the statement of the stamps that say who asks: what a request that writes may remember."""
    return "SELECT " + ", ".join(references.get(name).statement() for name in WHO)


def _user(number: int, stamps: Mapping[str, str]) -> User | None:
    return _users.get(number, stamps[ASKER] or "", lambda: User.objects.filter(pk=number).first())


def _company(company: int) -> Callable[[], Tenant]:
    def read() -> Tenant:
        with tenant_scope(company):
            return Tenant.objects.get(pk=company)

    return read


def _actor(company: int, user: User, stamps: Mapping[str, str]) -> Actor | None:
    def read() -> Actor | None:
        with tenant_scope(company):
            return member_actor(user)

    return _actors.get((company, user.pk), " ".join(str(stamps[name]) for name in WHO), read)
