"""Limits per key, per user and per public address: past them 429 with Retry-After."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from dialogue.kit.api import problems
from dialogue.kit.errors import Refusal
from dialogue.kit.throttle import Throttle
from dialogue.platform.accounts.doors import key_of

FREE = ("/healthz", "/readyz", "/metrics", "/static/")
API_PATH = "/api/"
# A wrong key is guessing, and guessing is dear.
COST_OF_A_WRONG_KEY = 10.0
STATUS = 429
keys = Throttle(settings.LIMITS["key"])
users = Throttle(settings.LIMITS["user"])
addresses = Throttle(settings.LIMITS["address"])
public = Throttle(settings.LIMITS["public"])


class TooMany(Refusal):
    """The caller asked too often."""

    status = STATUS
    code = "too-many-requests"


def forget() -> None:
    """Fill every bucket again (tests)."""
    for throttle in (keys, users, addresses, public):
        throttle.forget()


def address_of(request: HttpRequest) -> str:
    """Return the caller's address; behind our own proxy the one that proxy saw."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.BEHIND_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def too_many(request: HttpRequest, wait: int) -> HttpResponse:
    """Return the refusal, for a program or a person, with the seconds to wait."""
    with translation.override(translation.get_language_from_request(request)):
        refusal = TooMany(_("Too many requests. Wait a little and try again."), retry_after=wait)
        if request.path_info.startswith(API_PATH):
            return problems.answer(refusal.problem(), **{"Retry-After": str(wait)})
        page = render(request, "429.html", status=STATUS)
    page["Retry-After"] = str(wait)
    return page


class LimitMiddleware:
    """The office's limits: by key, else by user, else by address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(FREE):
            return self.get_response(request)
        secret = request.headers.get("Authorization", "") if request.path_info.startswith(API_PATH) else ""
        if secret:
            wait = keys.wait(sha256(secret.encode()).hexdigest()) or addresses.wait(address_of(request), cost=0.0)
        elif request.user.is_authenticated:
            wait = users.wait(str(request.user.pk))
        else:
            wait = addresses.wait(address_of(request))
        if wait:
            return too_many(request, wait)
        response = self.get_response(request)
        if secret and key_of(request) is None:
            addresses.wait(address_of(request), cost=COST_OF_A_WRONG_KEY)
        if response.status_code == STATUS:
            # allauth says no without saying how long.
            response.headers.setdefault("Retry-After", "60")
        return response


class PublicLimitMiddleware:
    """The second origin's limit, by address: everybody there is a stranger."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(FREE):
            return self.get_response(request)
        wait = public.wait(address_of(request))
        return too_many(request, wait) if wait else self.get_response(request)
