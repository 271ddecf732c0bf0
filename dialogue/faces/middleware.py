"""What every request passes: its id, one transaction, the company in the path, the language, the content policy, refusals."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DataError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import set_script_prefix
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dialogue.kit import measures
from dialogue.kit.api import problems
from dialogue.kit.editing import StaleEdit
from dialogue.kit.errors import Refusal
from dialogue.kit.rooms import room_of
from dialogue.kit.scope import actor_scope, new_request_id, request_scope, tenant_scope, without_tenant
from dialogue.platform.accounts.answered import answer_once
from dialogue.platform.accounts.doors import company_of, key_of
from dialogue.platform.accounts.keys import narrowed, note_use
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.accounts.opening import Opened, open_by_key, open_company
from dialogue.platform.tenants.models import Tenant

log = logging.getLogger("dialogue.request")
GetResponse = Callable[[HttpRequest], HttpResponseBase]
COMPANY_PATH = re.compile(r"^/c/(?P<login>[A-Za-z0-9]{2,40})(?P<rest>/.*)$")
API_PATH = "/api/"
READING = {"GET", "HEAD"}
OUTSIDE_TRANSACTION = ("/static/", "/healthz", "/readyz")


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
            self._tell(request, response.status_code, time.perf_counter() - begun)
        return response

    @staticmethod
    def _tell(request: HttpRequest, status: int, spent: float) -> None:
        measures.note(f"{status // 100}xx", spent)
        if not log.isEnabledFor(logging.INFO):
            return
        # The route, not the path: a path may hold a secret.
        found = request.resolver_match
        facts: dict[str, Any] = {"method": request.method, "route": found.route if found else "", "status": status}
        company = company_of(request)
        log.info("request", extra={"facts": facts | {"ms": round(1000 * spent)} | ({"company": company.pk} if company else {})})


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
    """One transaction a request, session and membership included; a refusal or a server fault rolls all of it back."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(OUTSIDE_TRANSACTION):
            return self.get_response(request)
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 500 or getattr(request, "undo", False):
                transaction.set_rollback(True)
        return response


class OpeningMiddleware:
    """Read session, company and member of an office page at once, before the middlewares below ask for them one by one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match = COMPANY_PATH.match(request.path_info)
        opened = None
        if match and request.session.session_key:
            opened = open_company(request.session, match["login"].lower())
        if opened:
            request._cached_user = opened.user  # type: ignore[attr-defined]
        request.opened = opened  # type: ignore[attr-defined]
        return self.get_response(request)


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
        opened: Opened | None = getattr(request, "opened", None)
        company = opened.company if opened else _company_named(match["login"])
        if company is None:
            return self.get_response(request)
        stamps = opened.stamps if opened and request.method in READING else None
        with tenant_scope(company.pk, stamps=stamps, company=company):
            actor = opened.actor if opened else member_actor(request.user) if request.user.is_authenticated else None
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


def _company_named(login: str) -> Tenant | None:
    with without_tenant("the path names the company by its login"):
        return Tenant.objects.filter(login=login.lower()).first()


class KeyMiddleware:
    """Open the company of the API key in `Authorization: Bearer`; without a usable key the operation answers 401.

    A session never opens the API, so a form of another site cannot either.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.key = None  # type: ignore[attr-defined]
        if not request.path_info.startswith(API_PATH):
            return self.get_response(request)
        if company_of(request):
            return problems.plain(404)
        request.user = AnonymousUser()
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        opened = open_by_key(secret.strip()) if scheme.lower() == "bearer" else None
        if opened is None:
            return self.get_response(request)
        company, key = opened.company, opened.key
        with tenant_scope(company.pk, actor=key.user_id, company=company):
            note_use(key)
            request.user = key.user
            request.company = company  # type: ignore[attr-defined]
            request.actor = narrowed(opened.actor, key)  # type: ignore[attr-defined]
            request.key = key  # type: ignore[attr-defined]
            return self.get_response(request)


class LanguageMiddleware:
    """Speak the reader's language: his own choice, else the cookie, else the browser's, else the company's.

    A program says in Accept-Language whom it asks for; without it it is answered in its member's language.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = self._language(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        company = company_of(request)
        if company:
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
        asked = request.headers.get("Accept-Language")
        company = company_of(request)
        if key_of(request) and asked:
            return str(translation.get_language_from_request(request))
        own = getattr(request.user, "language", "") if request.user.is_authenticated else ""
        cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        for language in (own, cookie):
            if language in known:
                return str(language)
        if asked or not company:
            return str(translation.get_language_from_request(request))
        return company.language


class RoomsMiddleware:
    """Pages and operations of a room that the company switched off are not there."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, named: Any) -> None:
        """Refuse the view of a room that is off.

        Raises:
            Http404: it is off.
        """
        company = company_of(request)
        if company and company.rooms_off and room_of(view) in company.rooms_off:
            raise Http404


# How PostgreSQL's driver says that a text holds the one sign PostgreSQL cannot keep.
ZERO_BYTE = "NUL (0x00)"


class RefusalMiddleware:
    """Show a refusal as a page that says what to do next."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the refusal's page; other errors go on."""
        if isinstance(error, DataError | ValueError) and ZERO_BYTE in str(error):
            error = Refusal(_("To go on take the invisible zero sign out of what you entered: typing the text anew is enough."))
        if not isinstance(error, Refusal):
            return None
        request.undo = True  # type: ignore[attr-defined]
        if error.status == 404:
            raise Http404 from error
        if isinstance(error, StaleEdit) and request.method == "POST":
            return _stale(request, error)
        context: dict[str, Any] = {"refusal": error}
        return render(request, "office/refusal.html", context, status=error.status)


def _stale(request: HttpRequest, error: StaleEdit) -> HttpResponse:
    """Show both values of every clashing field; the form sends what was sent before, with what the member chooses."""
    chosen = {clash.field for clash in error.clashes} | {"etag", "csrfmiddlewaretoken"}
    chosen |= {name.removesuffix("_id") for name in chosen}
    kept = [(name, value) for name in request.POST if name not in chosen for value in request.POST.getlist(name)]
    # A form may name a row without the "_id" of its column.
    clashes = [
        (clash.field if clash.field in request.POST else clash.field.removesuffix("_id"), clash) for clash in error.clashes
    ]
    fragment = bool(request.headers.get("HX-Request"))
    context = {
        "refusal": error,
        "clashes": clashes,
        "kept": kept,
        "htmx": fragment,
        "target": request.headers.get("HX-Target", ""),
    }
    response = render(request, "kit/stale.html#both" if fragment else "kit/stale.html", context, status=error.status)
    if fragment:
        response["HX-Retarget"], response["HX-Reswap"] = "#sheet", "innerHTML"
    return response


class ApiMiddleware:
    """Give every error of the API its form, and a POST that is repeated with its Idempotency-Key the first answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API_PATH):
            return self.get_response(request)
        key = key_of(request)
        try:
            response = answer_once(request, key, lambda: self.get_response(request)) if key else self.get_response(request)
        except Refusal as error:
            return problems.of_refusal(request, error)
        if response.status_code < 400 or response.headers.get("Content-Type") == problems.MEDIA:
            return response
        shaped = problems.plain(response.status_code)
        for header in ("Allow", "Retry-After"):
            if header in response.headers:
                shaped[header] = response.headers[header]
        return shaped
