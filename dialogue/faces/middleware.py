"""What every request passes: its id, one transaction, the company in the path, the language, the content policy, refusals."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import set_script_prefix
from django.utils import translation

from dialogue.kit.errors import Refusal
from dialogue.kit.scope import actor_scope, new_request_id, request_scope, tenant_scope, without_tenant
from dialogue.platform.accounts.doors import company_of
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.tenants.models import Tenant

log = logging.getLogger("dialogue.request")
GetResponse = Callable[[HttpRequest], HttpResponseBase]
COMPANY_PATH = re.compile(r"^/c/(?P<login>[A-Za-z0-9]{2,40})(?P<rest>/.*)$")
OUTSIDE_TRANSACTION = ("/static/", "/healthz")


class RequestMiddleware:
    """Give the request an id and an empty scope; log it without personal data."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = new_request_id()
        begun = time.perf_counter()
        set_script_prefix("/")
        with request_scope(number):
            response = self.get_response(request)
            response["X-Request-ID"] = number
            spent = 1000 * (time.perf_counter() - begun)
            log.debug("%s %s %s %.0f ms", request.method, request.path, response.status_code, spent)
        return response


class ContentPolicyMiddleware:
    """Nothing inline, nothing from elsewhere: the strictest policy the office works under."""

    POLICY = (
        "default-src 'self'; img-src 'self' data: {public}; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; frame-src 'self' {public}; form-action 'self'"
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = self.POLICY.format(public=settings.PUBLIC_URL)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class TransactionMiddleware:
    """One transaction a request, session and membership included; an error or a server fault rolls all of it back."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(OUTSIDE_TRANSACTION):
            return self.get_response(request)
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response


class CompanyMiddleware:
    """Open the company named in the path (`/c/<login>/…`) for its members; a stranger learns nothing, he gets 404.

    The rest of the path is resolved as if the company were the root, so `reverse()` needs no company argument.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.company = None  # type: ignore[attr-defined]
        request.actor = None  # type: ignore[attr-defined]
        match = COMPANY_PATH.match(request.path_info)
        if match is None:
            return self.get_response(request)
        with without_tenant("the path names the company by its login"):
            company = Tenant.objects.filter(login=match["login"].lower()).first()
        if company is None:
            return self.get_response(request)
        with tenant_scope(company.pk):
            actor = member_actor(request.user) if request.user.is_authenticated else None
            if request.user.is_authenticated and actor is None:
                return self.get_response(request)
            request.company = company  # type: ignore[attr-defined]
            request.actor = actor  # type: ignore[attr-defined]
            prefix = f"/c/{company.login}"
            request.path_info = match["rest"]
            request.META["SCRIPT_NAME"] = prefix
            set_script_prefix(prefix + "/")
            with actor_scope(actor.user if actor else None), translation.override(translation.get_language()):
                return self.get_response(request)


class LanguageMiddleware:
    """Speak the reader's language: his own choice, else the cookie, else the browser's, else the company's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = self._language(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        company = company_of(request)
        if company:
            from django.utils import timezone

            timezone.activate(company.zone)
        try:
            response = self.get_response(request)
        finally:
            if company:
                timezone.deactivate()
        response.headers.setdefault("Content-Language", language)
        return response

    @staticmethod
    def _language(request: HttpRequest) -> str:
        known = dict(settings.LANGUAGES)
        own = getattr(request.user, "language", "") if request.user.is_authenticated else ""
        cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        for language in (own, cookie):
            if language in known:
                return str(language)
        asked = request.headers.get("Accept-Language")
        company = company_of(request)
        if asked or not company:
            return str(translation.get_language_from_request(request))
        return company.language


class RefusalMiddleware:
    """Show a refusal as a page that says what to do next."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the refusal's page; other errors go on."""
        if not isinstance(error, Refusal):
            return None
        if error.status == 404:
            raise Http404 from error
        context: dict[str, Any] = {"refusal": error}
        return render(request, "office/refusal.html", context, status=error.status)
