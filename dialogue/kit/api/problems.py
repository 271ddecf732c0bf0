"""Errors as RFC 9457 problem objects: one form for refusals, wrong input, unknown addresses, limits and our own faults."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.scope import current_scope

MEDIA = "application/problem+json"
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
