"""Reading a list: the page, its rows as a fragment, its totals and counts, a new condition, the print."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dialogue.kit.actors import Actor
from dialogue.kit.money import print_money
from dialogue.kit.pieces import piece
from dialogue.kit.reference import remembered
from dialogue.platform.accounts.doors import MemberRequest, frame_stamp, member_page
from dialogue.platform.lists.cells import NUMERIC, Printer
from dialogue.platform.lists.inputs import condition_input, further_inputs, operators_of, quick_inputs
from dialogue.platform.lists.models import VIEWS, BulkEdit, SavedView
from dialogue.platform.lists.pages import PAGE_SIZES, Button, ListPage
from dialogue.platform.lists.permissions import ListPermission
from dialogue.platform.lists.query import ANY_PRESET, MOST_COUNTED, PREFIX, ListQuery, Page, Totals, default_operator
from dialogue.platform.lists.rendering import cells_url, heads, rows_html, sums_text
from dialogue.platform.lists.views.opening import open_list, read_query

PRINTED_ROWS = 2000


def list_page(request: MemberRequest, name: str, **extra: Any) -> HttpResponse:
    """Return the list's page, or only its rows for a change of filter, order or place."""
    page = open_list(request, name)
    query = read_query(request, page)
    with query.reading() as (shown, totals):
        context = _table(request, query, shown, totals)
    table = piece("lists/table.html", context)
    if request.headers.get("HX-Target") == "list":
        return HttpResponse(table)
    return render(request, "lists/list.html", {"page": page, "query": query, "table": table} | _frame(request, query) | extra)


def _table(request: MemberRequest, query: ListQuery, shown: Page, counted: Callable[[], Totals | None]) -> dict[str, Any]:
    page = query.page
    editable = page.change is not None
    rows = rows_html(query, shown.rows, Printer(page, query.asking), editable=editable)
    bulk = (
        [verb for verb in page.verbs() if request.actor.can(verb.permission)] if request.actor.can(ListPermission.BULK) else []
    )
    address, totals = query.address(), counted()
    return {
        "page": page,
        "query": query,
        "here_now": address,
        "shown": len(shown.rows),
        "rows": rows,
        "heads": heads(query),
        "cells": cells_url(query),
        "next": query.address(after=shown.after) if shown.after else "",
        "previous": query.address(before=shown.before) if shown.before else "",
        "filtered": bool(query.conditions or query.text or query.given.get("filter")),
        "all_url": query.address(view=ANY_PRESET) if query.preset else "",
        "totals_url": f"{reverse('list_totals', args=[page.name])}?{address}{'&known=1' if totals else ''}",
        "bulk": bulk,
        "sort": query.given.get("sort", ""),
        "sizes": [(size, query.address(size=str(size)), size == query.size) for size in PAGE_SIZES],
        "patterns": json.dumps({code: print_money(0, code) for code, _sum in (totals.sums if totals else [])}),
        "count": totals.count if totals else None,
        "sums": sums_text(totals) if totals else "",
        "empty_buttons": _allowed(page.empty.buttons, request.actor),
    }


def _frame(request: MemberRequest, query: ListQuery) -> dict[str, Any]:
    page, actor, stamp = query.page, request.actor, frame_stamp(request)
    views = remembered(VIEWS, lambda: _saved_views(actor, page), key=(actor.user, page.name))
    quick = [(name, query.given.getlist(PREFIX + name)) for name in page.quick]
    return {
        "title": page.title,
        "view_key": f"{query.preset} {query.given.get('saved', '')}",
        "quick_key": urlencode([(name, value) for name, values in quick for value in values]),
        "filters_stamp": "" if query.text or query.given.get("filter") else stamp,
        "inputs": lambda: quick_inputs(query),
        "further": further_inputs(query),
        "conditions": [one for one in query.fields.values() if one.filterable],
        "buttons": _allowed(page.head(), actor),
        "views": [(view.label, reverse(view.url_name)) for view in page.views],
        "presets": [(preset, preset.code == query.preset) for preset in page.presets],
        "saved": [view for view in views if view.owner_id],
        "shared": [view for view in views if not view.owner_id],
        "current": _view_name(query, views),
        "may_share": actor.can(ListPermission.SHARE),
        "may_export": actor.can(ListPermission.EXPORT),
    }


def _saved_views(actor: Actor, page: ListPage) -> list[SavedView]:
    return list(SavedView.objects.visible_to(actor).filter(page=page.name).order_by("name"))


def _allowed(buttons: tuple[Button, ...], actor: Actor) -> list[tuple[Button, str]]:
    allowed = [button for button in buttons if not button.permission or actor.can(button.permission)]
    return [(button, reverse(button.url_name, args=button.args)) for button in allowed]


def _view_name(query: ListQuery, views: list[SavedView]) -> Any:
    chosen = query.given.get("saved", "")
    found = next((view for view in views if str(view.pk) == chosen), None)
    if found is not None:
        return found
    preset = query.page.preset(query.preset)
    return preset.label if preset else ""


@member_page
@require_GET
def totals(request: MemberRequest, name: str) -> HttpResponseBase:
    """Return how many match and their sums (unless the page said them already), and the counts beside the quick filters."""
    query = read_query(request, open_list(request, name))
    if request.GET.get("known"):
        return render(request, "lists/totals.html", {"inputs": quick_inputs(query, query.facets())})
    found: Totals = query.totals()
    counted = quick_inputs(query, query.facets()) if found.count <= MOST_COUNTED else []
    context = {
        "known": True,
        "count": found.count,
        "sums": sums_text(found),
        "patterns": json.dumps({code: print_money(0, code) for code, _sum in found.sums}),
        "inputs": counted,
    }
    return render(request, "lists/totals.html", context)


@member_page
@require_GET
def condition(request: MemberRequest, name: str) -> HttpResponseBase:
    """Return an empty input for one more condition, with the operators its field knows."""
    query = read_query(request, open_list(request, name))
    one = query.fields.get(request.GET.get("field", ""))
    if one is None or not one.filterable:
        return HttpResponse("")
    operators = operators_of(one)
    known = {code for code, _words in operators}
    operator = request.GET.get("operator", "")
    chosen = operator if operator in known else default_operator(one.kind)
    context = {"page": query.page, "field": one, "operators": operators, "one": condition_input(query, one, chosen)}
    return render(request, "lists/condition.html", context)


@member_page
@require_GET
def printed(request: MemberRequest, name: str) -> HttpResponseBase:
    """Return the matching rows on paper: no buttons, every value whole."""
    query = read_query(request, open_list(request, name))
    rows = query.next_rows(PRINTED_ROWS + 1)
    printer = Printer(query.page, query.asking)
    lines = [[(printer.text(one, row), one.kind in NUMERIC) for one in query.columns] for row in rows[:PRINTED_ROWS]]
    found = query.totals_of(rows[:PRINTED_ROWS])
    context = {"page": query.page, "heads": heads(query), "lines": lines, "count": found.count, "sums": sums_text(found)}
    return render(request, "lists/print.html", context | {"cut": len(rows) > PRINTED_ROWS, "most": PRINTED_ROWS})


def undo_offer(request: HttpRequest, edit: BulkEdit, page: ListPage) -> HttpResponse:
    """Return the note after a bulk edit, with its undo."""
    return render(request, "lists/bulk_done.html", {"edit": edit, "page": page})
