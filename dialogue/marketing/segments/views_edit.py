"""Writing a segment: its name, how it is filled, its rule."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.rows import etag_of
from dialogue.marketing.segments.actions import change_segment, create_segment
from dialogue.marketing.segments.models import Segment, SegmentKind
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.marketing.segments.views import found, refusals_of
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.rules import RuleRefusal


def _may(request: MemberRequest) -> None:
    if not request.actor.can(SegmentPermission.WRITE):
        raise NotPermitted(_("To change segments you must have the right to. Ask your administrator."))


def _form(request: MemberRequest, row: Segment | None, errors: dict[str, str] | None = None) -> HttpResponse:
    given = request.POST
    tree = request.GET.get("filter", "") or '{"all": []}'
    context = {
        "segment": row,
        "errors": errors or {},
        "name": given.get("name", row.name if row else ""),
        "note": given.get("note", row.note if row else ""),
        "kind": given.get("kind", row.kind if row else SegmentKind.DYNAMIC.value),
        "kinds": SegmentKind.choices,
        "tree": given.get("tree", json.dumps(row.tree, ensure_ascii=False, indent=2) if row else tree),
        "etag": given.get("etag", etag_of(row) if row else ""),
    }
    return render(request, "segments/edit.html", context, status=422 if errors else 200)


def _tree(request: MemberRequest) -> Any:
    try:
        return json.loads(request.POST.get("tree", ""))
    except ValueError:
        raise RuleRefusal(_("The filter is not a rule in JSON."), field="tree") from None


@member_page
@require_http_methods(["GET", "POST"])
def segment_new(request: MemberRequest) -> HttpResponseBase:
    """Write a new segment."""
    _may(request)
    if request.method == "GET":
        return _form(request, None)
    post = request.POST
    try:
        made = create_segment(
            post.get("name", ""),
            _tree(request),
            by=request.actor,
            kind=post.get("kind", SegmentKind.DYNAMIC),
            note=post.get("note", ""),
        )
    except Refusal as refusal:
        request.undo = True
        return _form(request, None, refusals_of(refusal))
    return redirect("segment_page", made.pk)


@member_page
@require_http_methods(["GET", "POST"])
def segment_edit(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Change a segment."""
    row = found(request, pk)
    _may(request)
    if request.method == "GET":
        return _form(request, row)
    post = request.POST
    facts: dict[str, Any] = {"name": post.get("name", ""), "note": post.get("note", "")}
    try:
        if row.is_dynamic:
            facts["tree"] = _tree(request)
        change_segment(row, by=request.actor, etag=post.get("etag", ""), **facts)
    except Refusal as refusal:
        request.undo = True
        return _form(request, row, refusals_of(refusal))
    return redirect("segment_page", row.pk)
