"""What a member keeps of a list: views and columns."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dialogue.kit.doors import whole_number
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.lists.actions import delete_view, keep_list_state, save_view
from dialogue.platform.lists.models import SavedView
from dialogue.platform.lists.pages import list_pages
from dialogue.platform.lists.views.opening import open_list, read_query

PASSING = {"after", "before", "saved"}


@member_page
@require_POST
def keep_view(request: MemberRequest, name: str) -> HttpResponseBase:
    """Save the list as it stands under a name and open it."""
    page = open_list(request, name)
    given = QueryDict(request.POST.get("query", ""))
    query = {key: given.getlist(key) for key in given if key not in PASSING and any(given.getlist(key))}
    columns = [one for one in given.get("cols", "").split(",") if one]
    view = save_view(
        page, request.POST.get("name", ""), query, by=request.actor, columns=columns, shared=bool(request.POST.get("shared"))
    )
    return redirect("list_view", pk=view.pk)


@member_page
@require_GET
def open_view(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Lead to the list as the view describes it."""
    view = SavedView.objects.visible_to(request.actor).filter(pk=pk).first()
    page = list_pages.find(view.page) if view else None
    if view is None or page is None:
        raise Http404
    query = {"view": ["all"], **view.query, "saved": [str(view.pk)]}
    return redirect(f"{reverse(page.url_name)}?{urlencode(query, doseq=True)}")


@member_page
@require_POST
def forget_view(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Delete a view and return to the list."""
    view = SavedView.objects.visible_to(request.actor).filter(pk=pk).first()
    page = list_pages.find(view.page) if view else None
    if view is None or page is None:
        raise Http404
    delete_view(view, by=request.actor)
    return redirect(page.url_name)


@member_page
@require_GET
def columns_form(request: MemberRequest, name: str) -> HttpResponseBase:
    """Show which columns the list can show, the chosen ones first in their order."""
    page = open_list(request, name)
    query = read_query(request, page)
    chosen = query.columns
    rest = [one for one in query.fields.values() if one not in chosen and one.shown]
    context = {"page": page, "chosen": chosen, "rest": rest, "query": request.GET.urlencode(), "size": query.size}
    return render(request, "lists/columns.html", context)


@member_page
@require_POST
def keep_columns(request: MemberRequest, name: str) -> HttpResponseBase:
    """Remember the member's columns and show the list with them."""
    page = open_list(request, name)
    given = QueryDict(request.POST.get("query", ""), mutable=True)
    columns = list(page.columns) if request.POST.get("usual") else request.POST.getlist("column")
    keep_list_state(page, by=request.actor, columns=columns, size=whole_number(request.POST.get("size")) or 0)
    for gone in ("cols", "size", "after", "before"):
        given.pop(gone, None)
    return redirect(f"{reverse(page.url_name)}?{given.urlencode()}")
