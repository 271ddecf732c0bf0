"""Idempotency-Key: a POST repeated within a day gets the first answer again and changes nothing.

The key's row is inserted in the request's own transaction before the work: a concurrent twin waits on the unique index until
the first commits, then replays it. A refused request rolls its row back, so that the corrected one may use the same key.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.errors import Conflict, Refusal
from dialogue.platform.accounts.models import AnsweredRequest, ApiKey

KEPT = timedelta(hours=24)
LONGEST = 255
WAIT = "10s"
KEPT_HEADERS = ("Content-Type", "Location", "ETag")


class KeyReused(Conflict):
    """The same Idempotency-Key came with another request."""

    code = "idempotency-key-reused"


class StillRunning(Conflict):
    """The first request with this Idempotency-Key has not ended yet."""

    code = "idempotency-still-running"


def fingerprint_of(request: HttpRequest) -> str:
    """Return a hash of method, address and body; an upload is known by its length."""
    uploaded = (request.content_type or "").startswith("multipart/")
    body = request.headers.get("Content-Length", "").encode() if uploaded else request.body
    return sha256(b"\n".join([str(request.method).encode(), request.get_full_path().encode(), body])).hexdigest()


def answer_once(request: HttpRequest, key: ApiKey, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Return the kept answer of this Idempotency-Key, or run the request and keep its answer.

    Raises:
        Refusal: the name is longer than 255 characters.
        KeyReused: it came with another body or address before.
        StillRunning: the first request takes longer than ten seconds.
    """
    name = request.headers.get("Idempotency-Key", "")
    if not name or request.method != "POST":
        return run()
    if len(name) > LONGEST:
        raise Refusal(_("To repeat safely give an Idempotency-Key of at most 255 characters."), field="Idempotency-Key")
    fingerprint = fingerprint_of(request)
    row = _claim(key, name, fingerprint)
    if row.status:
        if row.fingerprint != fingerprint:
            raise KeyReused(_("To send another request choose another Idempotency-Key."), field="Idempotency-Key")
        return _replay(row)
    response = run()
    if 200 <= response.status_code < 300 and isinstance(response, HttpResponse):
        row.status = response.status_code
        row.headers = {header: response[header] for header in KEPT_HEADERS if header in response}
        # A secret is told once: the kept answer goes without it.
        hidden = getattr(request, "told_once", "")
        body = response.content.decode()
        row.body = body.replace(hidden, "") if hidden else body
        row.save(update_fields=["status", "headers", "body"])
    elif response.status_code < 500 and not getattr(request, "undo", False):
        row.delete()
    return response


def _claim(key: ApiKey, name: str, fingerprint: str) -> AnsweredRequest:
    wanted = {"api_key": key, "name": name}
    AnsweredRequest.objects.filter(**wanted, created_at__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [WAIT])
            fresh = AnsweredRequest(**wanted, fingerprint=fingerprint)
            AnsweredRequest.objects.bulk_create([fresh], ignore_conflicts=True)
            cursor.execute("SELECT set_config('lock_timeout', '0', true)")
    except OperationalError:
        raise StillRunning(_("The first request with this Idempotency-Key has not ended yet. Try again later.")) from None
    found: AnsweredRequest = AnsweredRequest.objects.get(**wanted)
    return found


def _replay(row: AnsweredRequest) -> HttpResponse:
    response = HttpResponse(row.body, status=row.status)
    for header, value in row.headers.items():
        response[header] = value
    response["Idempotency-Replayed"] = "true"
    return response


def forget_answered() -> int:
    """Delete the open company's answers older than a day; return how many."""
    gone, _by_model = AnsweredRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return gone
