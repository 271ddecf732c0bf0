"""The settings page of API keys."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.permissions import permission_groups
from dialogue.platform.accounts.actions import make_key, revoke_key
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.accounts.models import ApiKey
from dialogue.platform.accounts.permissions import CompanyPermission


def _until(request: MemberRequest) -> datetime | None:
    """Return the end of the last day where the company lives."""
    text = request.POST.get("until", "")
    if not text:
        return None
    try:
        return request.company.start_of(date.fromisoformat(text) + timedelta(days=1))
    except (ValueError, OverflowError):
        raise Refusal(_("Give a day, for example 2026-01-31."), field="expires_at") from None


@member_page
def settings_keys(request: MemberRequest) -> HttpResponse:
    """Show the member's keys, or all of them for who may manage keys; make one and show its secret this once."""
    error, secret = None, ""
    if request.method == "POST":
        # Whoever names permissions wants a narrow key, even if "all" stayed ticked.
        scopes = request.POST.getlist("scopes") or (["*"] if request.POST.get("all") else [])
        try:
            _key, secret = make_key(request.POST.get("name", ""), by=request.actor, scopes=scopes, expires_at=_until(request))
        except Refusal as refused:
            if isinstance(refused, NotPermitted):
                raise
            error = refused
            request.undo = True
    context = {
        "keys": ApiKey.objects.visible_to(request.actor).select_related("user").order_by("-id"),
        "groups": [(group.label, group.permissions.items()) for group in permission_groups],
        "may_make": request.actor.can(CompanyPermission.KEYS),
        "secret": secret,
        "error": error,
        "given": request.POST,
    }
    response = render(request, "accounts/keys.html", context, status=422 if error else 200)
    response["Cache-Control"] = "no-store"
    return response


@member_page
@require_POST
def settings_key_revoke(request: MemberRequest, pk: int) -> HttpResponseRedirect:
    """Make a key useless from now on."""
    revoke_key(get_object_or_404(ApiKey.objects.visible_to(request.actor), pk=pk), by=request.actor)
    return redirect("settings_keys")
