"""A letter as it will look, shown in a frame of the second origin: styles and pictures of others have no place in the office."""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dialogue.kit.doors import open_page

LIFETIME = 600
POLICY = "default-src 'none'; img-src http: https:; style-src 'unsafe-inline'; sandbox; frame-ancestors {site}"


STYLES = re.compile(r"<style\b.*?</style>|\sstyle=\"[^\"]*\"", re.DOTALL | re.IGNORECASE)


def without_styles(html: str) -> str:
    """Return a letter of ours as a page of the office may hold it, whose policy forbids styles of others."""
    return STYLES.sub("", html)


def frame_address(html: str) -> str:
    """Keep a letter for ten minutes and return the address, which nobody can guess, where the second origin shows it."""
    token = secrets.token_urlsafe(18)
    cache.set(f"letter-frame:{token}", html, LIFETIME)
    return f"{settings.PUBLIC_URL}/p/{token}"


@open_page
@never_cache
@require_safe
def letter_frame(request: HttpRequest, token: str) -> HttpResponse:
    """Show a letter that is being written; only the second origin has this door.

    Raises:
        Http404: the address is not ours or has run out.
    """
    html = cache.get(f"letter-frame:{token[:64]}")
    if html is None:
        raise Http404
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY.format(site=settings.SITE_URL)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
