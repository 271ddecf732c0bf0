"""The dialog "why can X see this?"."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.accounts.seeing import sights_of
from dialogue.platform.audit.kinds import record_kinds
from dialogue.platform.audit.views import visible_subject


@member_page
def why_seen(request: MemberRequest, kind: str, number: int) -> HttpResponse:
    """Show who sees a record and why, to whoever sees it himself."""
    subject = visible_subject(request.actor, kind, number)
    context = {"subject": subject, "kind": record_kinds.get(kind), "sights": sights_of(kind, number)}
    template = "accounts/why.html#sheet" if request.headers.get("HX-Request") else "accounts/why.html"
    return render(request, template, context)
