"""The bell and the page of notices."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.notices.actions import read_notices
from dialogue.platform.notices.kinds import notice_kinds
from dialogue.platform.notices.models import Notice

SHOWN = 100
GLANCE = 8


def _lines(request: MemberRequest, count: int) -> list[tuple[Notice, object]]:
    rows = Notice.objects.visible_to(request.actor).order_by("-id")[:count]
    return [(row, notice_kinds.find(row.kind) or "") for row in rows]


@member_page
def notice_list(request: MemberRequest) -> HttpResponse:
    """Show the member's newest notices."""
    return render(request, "notices/list.html", {"lines": _lines(request, SHOWN)})


@member_page
def notice_glance(request: MemberRequest) -> HttpResponse:
    """Show the newest few, for the bell's popover."""
    return render(request, "notices/list.html#glance", {"lines": _lines(request, GLANCE)})


@member_page
def notice_bell(request: MemberRequest) -> HttpResponse:
    """Show the bell with the present count."""
    return render(request, "notices/bell.html")


@member_page
@require_POST
def notice_open(request: MemberRequest, pk: int) -> HttpResponseRedirect:
    """Mark a notice as read and lead to its record."""
    notice = get_object_or_404(Notice.objects.visible_to(request.actor), pk=pk)
    read_notices([notice.pk], by=request.actor)
    address = f"/c/{request.company.login}/{notice.address.lstrip('/')}"
    return HttpResponseRedirect(address if url_has_allowed_host_and_scheme(address, None) else "/")


@member_page
@require_POST
def notice_read_all(request: MemberRequest) -> HttpResponse:
    """Mark everything as read."""
    read_notices(by=request.actor)
    return redirect("notice_list")
