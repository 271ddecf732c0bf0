"""Who asks, typed: the company and the actor that the middleware put on the request."""

from __future__ import annotations

from django.http import HttpRequest

from dialogue.kit.doors import ActorRequest, member_page, open_page
from dialogue.platform.accounts.models import ApiKey
from dialogue.platform.tenants.models import Tenant

__all__ = ["ApiRequest", "MemberRequest", "company_of", "key_of", "member_page", "open_page"]


class MemberRequest(ActorRequest):
    """A request of a member inside his company."""

    company: Tenant


class ApiRequest(MemberRequest):
    """A request of a key: `actor` is its member with what the key's scopes leave him."""

    key: ApiKey


def company_of(request: HttpRequest) -> Tenant | None:
    """Return the company the request is in, or None."""
    return getattr(request, "company", None)


def key_of(request: HttpRequest) -> ApiKey | None:
    """Return the API key the request came with, or None."""
    return getattr(request, "key", None)
