"""Pages of the second origin: follow a link, the picture of an opened letter, unsubscribe. GET changes no state of anyone."""

from __future__ import annotations

import base64

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from dialogue.customers.channels.hits import see
from dialogue.customers.channels.models import HitKind
from dialogue.customers.channels.rules import HIDDEN_LINK, Judged, Verdict, judge_link, judge_open
from dialogue.customers.channels.tokens import Token, TokenKind, read_token
from dialogue.customers.channels.unsubscribing import letter_of, receiver, unsubscribe
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.doors import open_page
from dialogue.platform.mail.letters import ONE_CLICK
from dialogue.platform.tenants.models import Tenant

PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class Onward(HttpResponseRedirect):
    """A redirect to where a link of ours leads; the token was signed by us, so it is no open redirect."""

    allowed_schemes = ("http", "https")  # type: ignore[assignment]


def _token(text: str, kind: TokenKind) -> Token:
    token = read_token(text, kind)
    if token is None:
        raise Http404
    return token


@open_page
@never_cache
@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponseBase:
    """Lead to the link's address; who asked is judged and written afterwards."""
    known = _token(token, TokenKind.LINK)
    see(known.tenant, known.delivery, HitKind.LINK, judge_link(request.method or "", request.headers), known.url)
    response = Onward(known.url)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@open_page
@never_cache
@require_safe
def hidden(request: HttpRequest, token: str) -> HttpResponseBase:
    """Answer a scanner that followed the link no person sees."""
    known = _token(token, TokenKind.HIDDEN)
    see(known.tenant, known.delivery, HitKind.LINK, Judged(Verdict.MACHINE, HIDDEN_LINK))
    return HttpResponse(status=204)


@open_page
@never_cache
@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponseBase:
    """Answer with one transparent point."""
    known = _token(token, TokenKind.OPEN)
    see(known.tenant, known.delivery, HitKind.OPEN, judge_open(request.method or "", request.headers))
    return HttpResponse(PICTURE, content_type="image/gif")


@csrf_exempt
@open_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show the form that ends our letters; its POST, or a mail program's one-click POST, ends them at once."""
    known = _token(token, TokenKind.UNSUBSCRIBE)
    with tenant_scope(known.tenant):
        delivery = letter_of(known.delivery)
        company = Tenant.objects.filter(pk=known.tenant).first()
        if delivery is None or company is None:
            raise Http404
        with translation.override(delivery.party.language or company.language):
            if request.method == "POST":
                one_click = "=".join(ONE_CLICK.split("=")) in request.body.decode("ascii", "replace")
                unsubscribe(delivery, one_click=one_click, by=receiver(known.tenant))
            context = {"company": company, "address": delivery.address, "done": request.method == "POST"}
            return render(request, "channels/leave.html", context)
