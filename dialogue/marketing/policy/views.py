"""The settings page of the contact policy."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dialogue.kit.errors import InvalidInput, NotPermitted
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.policy.keeping import NAMES, policy_of
from dialogue.marketing.policy.permissions import PolicyPermission
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.tenants.registry import company_settings


@member_page
@require_http_methods(["GET", "POST"])
def contact_policy(request: MemberRequest) -> HttpResponseBase:
    """Set how often a person is written to and at which hours."""
    if not request.actor.can(PolicyPermission.WRITE):
        raise NotPermitted(_("To set the contact policy you must have the right to. Ask your administrator."))
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            change_policy(by=request.actor, **{field: _number(request.POST.get(field, "")) for field in NAMES})
        except InvalidInput as refusal:
            wrong = {name: str(words) for name, words in refusal.errors.items()}
        else:
            messages.success(request, _("Saved."))
            return redirect("contact_policy")
    now = policy_of(request.company).__dict__
    fields = [
        {
            "name": field,
            "label": company_settings.get(name).label,
            "value": request.POST.get(field, now[field]),
            "wrong": wrong.get(field, ""),
        }
        for field, name in NAMES.items()
    ]
    return render(request, "policy/policy.html", {"fields": fields}, status=422 if wrong else 200)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else -1
