"""The button that lets letters leave again after a restore."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.platform.accounts.actions import unlock_sending
from dialogue.platform.accounts.doors import MemberRequest, member_page


@member_page
@require_POST
def unlock(request: MemberRequest) -> HttpResponse:
    """Unlock and go home."""
    unlock_sending(request.company, by=request.actor)
    messages.success(request, _("Sending is unlocked: waiting letters leave now."))
    return redirect("home")
