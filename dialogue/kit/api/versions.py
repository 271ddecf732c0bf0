"""ETag and If-Match (RFC 9110, 13.1.1): a change made on a stale reading is refused by `dialogue.kit.editing.refuse_stale`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from dialogue.kit.rows import etag_of


def tell_version(response: HttpResponse, row: Any) -> None:
    """Put the row's version in the answer's ETag."""
    response["ETag"] = f'"{etag_of(row)}"'


def if_match(request: HttpRequest) -> str:
    """Return the version that If-Match names, for an action's `etag`; empty when none was sent or it is `*`."""
    # An intermediary that compresses answers may mark the tag as weak or with its method.
    tag = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"').removesuffix("-gzip")
    return "" if tag == "*" else tag
