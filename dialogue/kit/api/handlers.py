"""What the API's own machinery raises, as problem objects; apart from them, so that pages need not load the machinery."""

from __future__ import annotations

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from dialogue.kit.api.problems import answer, of_refusal, plain
from dialogue.kit.errors import Refusal

log = logging.getLogger("dialogue.api")
PLACES = {"body", "query", "path", "header", "form", "file", "cookie"}


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
