"""Changing rows from a list: one cell in its place, many rows at once, and the way back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dialogue.kit.doors import whole_numbers
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.rows import etag_of
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.fields import Asking, Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.lists.actions import MOST_ROWS, bulk_edit, undo_bulk_edit
from dialogue.platform.lists.cells import Printer
from dialogue.platform.lists.models import BulkEdit
from dialogue.platform.lists.pages import BulkVerb, ListPage
from dialogue.platform.lists.permissions import ListPermission
from dialogue.platform.lists.query import ListQuery
from dialogue.platform.lists.rendering import cell_html
from dialogue.platform.lists.views.opening import open_list, read_query
from dialogue.platform.lists.views.reading import undo_offer

SHAPES = {
    FieldKind.CHOICE: "choice",
    FieldKind.USER: "choice",
    FieldKind.CHOICES: "choices",
    FieldKind.YES_NO: "yes_no",
    FieldKind.DATE: "date",
    FieldKind.LONG_TEXT: "long",
    FieldKind.MONEY: "money",
    FieldKind.NUMBER: "number",
}


def editor_of(field: Field, asking: Asking, value: Any, currency: str = "") -> dict[str, Any]:
    """Return what the template needs to show an input for the field."""
    shape = SHAPES.get(field.kind, "text")
    if field.kind == FieldKind.MONEY and isinstance(value, dict):
        value, currency = value["amount"], value["currency"]
    if isinstance(value, Decimal):
        value = format(value.normalize(), "f")
    several = [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value if value is not None else "")]
    options = [(code, words, code in several) for code, words in field.choices_for(asking)] if "choice" in shape else []
    return {"field": field, "shape": shape, "value": "" if value is None else value, "currency": currency, "options": options}


def given_value(field: Field, post: QueryDict) -> Any:
    """Return the value a form sent, None for an empty one."""
    if field.kind == FieldKind.CHOICES:
        return [one for one in post.getlist("value") if one]
    value = post.get("value", "").strip()
    if value == "":
        return None
    if field.kind == FieldKind.MONEY:
        return {"amount": value, "currency": post.get("currency", "")}
    return value


def _row(query: ListQuery, pk: int) -> Any:
    row = query.rows(query.page.of().visible_to(query.asking.actor).filter(pk=pk)).first()
    if row is None:
        raise Http404
    return row


@member_page
@require_http_methods(["GET", "POST"])
def cell(request: MemberRequest, name: str, pk: int, field: str) -> HttpResponseBase:
    """Show a cell's form, or change the cell and show it; a refusal stays in the cell with its reason."""
    page = open_list(request, name)
    query = read_query(request, page)
    one = query.fields.get(field)
    if one is None or not one.editable or page.change is None:
        raise Http404
    row = _row(query, pk)
    printer = Printer(page, query.asking)
    if request.method == "GET":
        if request.GET.get("cancel"):
            return HttpResponse(cell_html(query, one, row, printer, first=False, editable=True))
        return _cell_form(request, query, one, row)
    given = given_value(one, request.POST)
    if request.POST.get("etag") != etag_of(row):
        reason = _("Somebody changed this record meanwhile; it now says “%(now)s”. Save again to replace it.")
        return _cell_form(request, query, one, row, given=given, reason=reason % {"now": printer.text(one, row) or "—"})
    try:
        page.change(row, field, given, by=request.actor)
    except NotPermitted:
        raise
    except Refusal as refusal:
        return _cell_form(request, query, one, row, given=given, reason=refusal.message)
    return HttpResponse(cell_html(query, one, _row(query, pk), Printer(page, query.asking), first=False, editable=True))


def _cell_form(
    request: MemberRequest, query: ListQuery, one: Field, row: Any, *, given: Any = None, reason: str = ""
) -> HttpResponse:
    value = given if reason else one.value_of(row)
    currency = str(getattr(row, one.currency, "") or query.asking.currency) if one.currency else query.asking.currency
    context = editor_of(one, query.asking, value, currency)
    url = reverse("list_cell", args=[query.page.name, row.pk, one.name])
    return render(request, "lists/cell.html", context | {"url": url, "etag": etag_of(row), "reason": reason})


def _verb(request: MemberRequest, page: ListPage) -> BulkVerb:
    code = request.POST.get("verb") or request.GET.get("verb", "")
    verb = next((verb for verb in page.verbs() if verb.code == code), None)
    if verb is None:
        raise Http404
    if not request.actor.can(ListPermission.BULK) or not request.actor.can(verb.permission):
        raise NotPermitted(_("To do this to many rows you must have the permission for one of them."))
    return verb


@member_page
@require_GET
def bulk_form(request: MemberRequest, name: str) -> HttpResponseBase:
    """Show what a bulk verb asks for."""
    page = open_list(request, name)
    verb = _verb(request, page)
    query = read_query(request, page)
    field = query.fields.get(verb.field)
    context: dict[str, Any] = {"page": page, "verb": verb, "query": request.GET.get("query", "")}
    if field is not None:
        context |= editor_of(field, query.asking, None, query.asking.currency)
    return render(request, "lists/bulk_form.html", context)


@member_page
@require_POST
def bulk_run(request: MemberRequest, name: str) -> HttpResponseBase:
    """Change the selected rows, or all that match, and offer the undo."""
    page = open_list(request, name)
    verb = _verb(request, page)
    query = read_query(request, page, QueryDict(request.POST.get("query", "")))
    field = query.fields.get(verb.field)
    value = given_value(field, request.POST) if field is not None else None
    edit = bulk_edit(page, verb, _selected(request, query), value, by=request.actor)
    return undo_offer(request, edit, page)


def _selected(request: MemberRequest, query: ListQuery) -> list[int]:
    if request.POST.get("all"):
        return list(query.matching().order_by().values_list("pk", flat=True)[: MOST_ROWS + 1])
    asked = whole_numbers(request.POST.get("ids", "").split(","))[: MOST_ROWS + 1]
    return list(query.page.of().visible_to(request.actor).filter(pk__in=asked).order_by().values_list("pk", flat=True))


@member_page
@require_POST
def bulk_undo(request: MemberRequest, name: str, pk: int) -> HttpResponseBase:
    """Put the rows of a bulk edit back."""
    page = open_list(request, name)
    edit = BulkEdit.objects.filter(pk=pk, page=page.name, by_user=request.actor.user).first()
    if edit is None:
        raise Http404
    return undo_offer(request, undo_bulk_edit(edit, page, by=request.actor), page)
