"""Whose data is open now: the company (tenant), the actor and the request, carried in one context variable."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from dialogue.kit.frozen import frozen


class NoTenantError(RuntimeError):
    """A row of a company was asked for while no company was open."""


@frozen
class Scope:
    """What the current piece of work may see and on whose behalf it runs."""

    tenant: int | None = None
    actor: int | None = None
    request: str = ""
    door: bool = False
    # What the tables remembered by the process looked like when a page began; None where something may be written.
    stamps: Mapping[str, str] | None = None
    # The company's row as a request opened it.
    company: object = None


NOTHING_OPEN = Scope()
_scope: ContextVar[Scope] = ContextVar("dialogue_scope", default=NOTHING_OPEN)


def current_scope() -> Scope:
    """Return the scope of the running request, job or command."""
    return _scope.get()


def current_tenant() -> int:
    """Return the id of the open company.

    Raises:
        NoTenantError: no company is open; nothing may be read or written.
    """
    tenant = _scope.get().tenant
    if tenant is None:
        message = "No company is open. Wrap the work in tenant_scope(company_id)."
        raise NoTenantError(message)
    return tenant


def new_request_id() -> str:
    """Return a short random id that joins the log lines of one request or job."""
    return secrets.token_hex(6)


@contextmanager
def tenant_scope(
    tenant: int, *, actor: int | None = None, stamps: Mapping[str, str] | None = None, company: object = None
) -> Iterator[Scope]:
    """Open one company for the block; the door to other companies' directory rows closes."""
    request = _scope.get().request or new_request_id()
    token = _scope.set(Scope(tenant=tenant, actor=actor, request=request, stamps=stamps, company=company))
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)


@contextmanager
def actor_scope(actor: int | None) -> Iterator[Scope]:
    """Name the actor of the block without changing the open company."""
    token = _scope.set(replace(_scope.get(), actor=actor))
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)


@contextmanager
def request_scope(request: str) -> Iterator[Scope]:
    """Start a fresh, empty scope for one request."""
    token = _scope.set(Scope(request=request))
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)


@contextmanager
def without_tenant(reason: str) -> Iterator[Scope]:
    """Open the directory (companies, memberships, keys) across companies; business rows stay shut.

    The one exception to the fence: every use is allow-listed with its reason in `tests/guards`.
    """
    if not reason:
        message = "Say why the directory is read across companies."
        raise ValueError(message)
    token = _scope.set(replace(_scope.get(), tenant=None, door=True))
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)
