"""Sign-in by a link that a letter brings."""

from __future__ import annotations

from allauth.core import ratelimit
from django.conf import settings
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from dialogue.platform.accounts.doors import open_page
from dialogue.platform.accounts.links import make_sign_in_token
from dialogue.platform.accounts.models import User


@open_page
def ask_link(request: HttpRequest) -> HttpResponse:
    """Send a sign-in link; the answer is the same whether or not the address is known, and few a minute are sent."""
    if request.method != "POST":
        return render(request, "account/ask_link.html")
    address = request.POST.get("email", "").strip().lower()[:254]
    # The limits of allauth's password reset serve: the letter weighs the same.
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="reset_password", key=address)
    if limited:
        return limited
    user = User.objects.filter(email=address, is_active=True).first()
    if user:
        _send_link(user)
    return render(request, "account/ask_link.html", {"sent": True})


def _send_link(user: User) -> None:
    with translation.override(user.language or translation.get_language()):
        link = f"{settings.SITE_URL}/sign-in/{make_sign_in_token(user)}/"
        text = render_to_string("account/link_letter.txt", {"link": link})
        send_mail(_("Your sign-in link"), text, None, [user.email])
