"""Who asks, typed: the company and the actor that the middleware put on the request."""

from __future__ import annotations

from django.http import HttpRequest

from dialogue.kit.doors import ActorRequest, member_page, open_page
from dialogue.kit.scope import current_scope
from dialogue.platform.accounts.models import ApiKey
from dialogue.platform.tenants.models import Tenant

__all__ = ["ApiRequest", "MemberRequest", "company_of", "frame_stamp", "key_of", "member_page", "open_page"]


class MemberRequest(ActorRequest):
    """A request of a member inside his company."""

    company: Tenant


class ApiRequest(MemberRequest):
    """A request of a key: `actor` is its member with what the key's scopes leave him."""

    key: ApiKey
    # A secret in the answer that a repeated request must not get again.
    told_once: str = ""


def company_of(request: HttpRequest) -> Tenant | None:
    """Return the company the request is in, or None."""
    return getattr(request, "company", None)


def key_of(request: HttpRequest) -> ApiKey | None:
    """Return the API key the request came with, or None."""
    return getattr(request, "key", None)


def frame_stamp(request: HttpRequest) -> str:
    """Return what pieces of a page are kept under for this reader, or "" where nothing may be kept.

    It changes with the company, the reader, his rights, his unread notices and every reference (`kit/reference.py`).
    """
    opened = getattr(request, "opened", None)
    if opened is None or current_scope().stamps is None:
        return ""
    return f"{opened.user.pk} {opened.stamp} {' '.join(map(str, opened.stamps.values()))}"
