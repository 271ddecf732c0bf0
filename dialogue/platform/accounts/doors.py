"""Who asks, typed: the company and the actor that the middleware put on the request."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase

from dialogue.kit.actors import Actor
from dialogue.platform.tenants.models import Tenant

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of a member inside his company."""

    company: Tenant
    actor: Actor


def company_of(request: HttpRequest) -> Tenant | None:
    """Return the company the request is in, or None."""
    return getattr(request, "company", None)


def member_page(
    view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """The access door of every office page: a signed-in member of the company in the path; others sign in or get 404."""

    @wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), "/account/login/")
        if getattr(request, "actor", None) is None:
            raise Http404
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    door.access_door = "member"  # type: ignore[attr-defined]
    return door


def open_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """The access door of a page for everybody; the view decides what it shows."""
    view.access_door = "open"  # type: ignore[attr-defined]
    return view
