"""Errors as RFC 9457 problem objects: one form for refusals, wrong input, unknown addresses, limits and our own faults."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from dialogue.kit.errors import Refusal
from dialogue.kit.scope import current_scope

log = logging.getLogger("dialogue.api")
MEDIA = "application/problem+json"
PLACES = {"body", "query", "path", "header", "form", "file", "cookie"}
CODES = {
    400: "bad-request",
    401: "not-signed-in",
    403: "not-permitted",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    429: "too-many-requests",
}


def answer(problem: dict[str, Any], **headers: str) -> HttpResponse:
    """Return the problem object as an answer of its own status."""
    body = problem | {"request": current_scope().request}
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False, default=str), status=problem["status"], content_type=MEDIA, headers=headers
    )
    if problem["status"] == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Dialogue"'
    return response


def plain(status: int, title: str = "") -> HttpResponse:
    """Return a problem that has nothing but its status and words."""
    code = CODES.get(status, "fault" if status >= 500 else "refused")
    return answer({"type": f"urn:dialogue:{code}", "title": title or words_of(status), "status": status, "code": code})


def words_of(status: int) -> str:
    """Return what a status says to a person."""
    said = {
        400: _("The request could not be read. Check its form."),
        401: _("Send a valid key: Authorization: Bearer …"),
        403: _("You may not do this."),
        404: _("Nothing is here, or you may not see it."),
        405: _("This address does not take this method."),
        413: _("The request is too large."),
        429: _("Too many requests. Wait a little and try again."),
    }
    return said.get(status, _("This was our fault; nothing was changed. Try again later."))


def of_refusal(request: HttpRequest, error: Refusal) -> HttpResponse:
    """Return a refusal as a problem; what the request had changed before is taken back."""
    request.undo = True  # type: ignore[attr-defined]
    wait = error.facts.get("retry_after")
    return answer(error.problem(), **({"Retry-After": str(wait)} if wait else {}))


def of_wrong_input(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Return every wrong field with its path (`lines.0.quantity`)."""
    listed = []
    for one in error.errors:
        path = [str(part) for part in one["loc"]]
        if path and path[0] in PLACES:
            # After the place comes the parameter's own name in our code, which the caller does not know.
            path = path[2:] if path[0] in {"body", "form"} and len(path) > 2 else path[1:]
        listed.append({"field": ".".join(path), "message": _remedy(one)})
    title = _("Correct the fields listed.")
    return answer(
        {"type": "urn:dialogue:invalid-input", "title": title, "status": 422, "code": "invalid-input", "errors": listed}
    )


def _remedy(error: dict[str, Any]) -> str:
    """Return what to do about one wrong field; kinds of error we have no words for keep the validator's own."""
    said = {
        "missing": _("This field is required."),
        "extra_forbidden": _("There is no such field here."),
        "string_type": _("Give text."),
        "string_too_short": _("Give more characters."),
        "string_too_long": _("Give fewer characters."),
        "int_type": _("Give a whole number."),
        "int_parsing": _("Give a whole number."),
        "bool_parsing": _("Give true or false."),
        "decimal_parsing": _("Give a decimal number, for example 12.50."),
        "enum": _("Choose one of the values offered."),
        "literal_error": _("Choose one of the values offered."),
        "datetime_from_date_parsing": _("Give the time as 2026-01-31T09:30:00Z."),
        "datetime_parsing": _("Give the time as 2026-01-31T09:30:00Z."),
        "timezone_aware": _("Give the time as 2026-01-31T09:30:00Z."),
        "date_from_datetime_parsing": _("Give the date as 2026-01-31."),
        "date_parsing": _("Give the date as 2026-01-31."),
        "list_type": _("Give a list."),
        "dict_type": _("Give an object."),
        "model_attributes_type": _("Give an object."),
    }
    return said.get(str(error.get("type")), str(error["msg"]))


def of_throttle(request: HttpRequest, error: Throttled) -> HttpResponse:
    """Return 429 with how long to wait, in seconds."""
    response = plain(429)
    response["Retry-After"] = str(error.wait or 1)
    return response


def of_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return 500 with the request's number; the cause is in the log only."""
    log.error("operation failed", exc_info=error)
    request.undo = True  # type: ignore[attr-defined]
    return plain(500)


def of_status(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Return what the API's own machinery refused (401, 400, 405)."""
    return plain(error.status_code)


def of_nothing(request: HttpRequest, error: Http404) -> HttpResponse:
    """Return 404."""
    return plain(404)


def install_problems(api: NinjaAPI) -> None:
    """Make every error of the API a problem object."""
    handlers: dict[type[Exception], Any] = {
        Refusal: of_refusal,
        ValidationError: of_wrong_input,
        Throttled: of_throttle,
        HttpError: of_status,
        AuthenticationError: of_status,
        Http404: of_nothing,
        Exception: of_fault,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
