"""Writing a segment: its name, its rule with the editor, the count while it is written."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from dialogue.customers.parties.drafts import ENTITY
from dialogue.kit.doors import visible_or_404, whole_number
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.kit.frozen import record
from dialogue.kit.rows import etag_of
from dialogue.marketing.segments.actions import change_segment, create_segment
from dialogue.marketing.segments.counting import SAMPLE, count_rule
from dialogue.marketing.segments.models import Segment, SegmentKind
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.drafting import Draft, Drafter, draft_from
from dialogue.platform.criteria.editing import editor_of, fit
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.reshaping import Reshaped
from dialogue.platform.criteria.sentences import sentence_of
from dialogue.platform.lists.models import SavedView
from dialogue.platform.lists.pages import list_pages
from dialogue.platform.lists.query import ListQuery

LIST = "contacts"
MOST_STARTS = 30


@record
class Begun:
    """What a new segment begins with: a rule, perhaps a name, and what could not be taken along."""

    tree: Any = None
    name: str = ""
    kind: str = SegmentKind.DYNAMIC
    notes: list[str] = field(default_factory=list)


def _may(request: MemberRequest) -> None:
    if not request.actor.can(SegmentPermission.WRITE):
        raise NotPermitted(_("To change segments you must have the right to. Ask your administrator."))


def _of_list(given: QueryDict, asking: Asking) -> Begun:
    """Return the filter of the list of contacts as a rule."""
    query = ListQuery(list_pages.get(LIST), given, asking)
    notes = []
    if query.text:
        words = _("The search for “%(text)s” is no condition and was left out: add what you mean below.")
        notes.append(words % {"text": query.text})
    preset = query.page.preset(query.preset)
    return Begun(query.tree, str(preset.label) if preset else "", notes=notes)


def _begun(request: MemberRequest, start: str, asking: Asking) -> Begun:
    """Return what the address asks to begin with.

    Raises:
        Http404: there is no such list, view or segment for the member.
    """
    if start:
        if start != LIST:
            raise Http404
        return _of_list(request.GET, asking)
    for name, read in (("view", _of_view), ("copy", _of_segment)):
        number = whole_number(request.GET.get(name))
        if number is not None:
            return read(request, number, asking)
    return Begun()


def _of_view(request: MemberRequest, number: int, asking: Asking) -> Begun:
    view = visible_or_404(SavedView.objects.visible_to(request.actor).filter(page=LIST), number)
    given = QueryDict(mutable=True)
    for name, values in {"view": ["all"], **view.query}.items():
        given.setlist(name, values)
    begun = _of_list(given, asking)
    begun.name = view.name
    return begun


def _of_segment(request: MemberRequest, number: int, asking: Asking) -> Begun:
    row = visible_or_404(Segment.objects.visible_to(request.actor), number)
    return Begun(row.tree, _("%(name)s, copy") % {"name": row.name}, row.kind)


def _starts(request: MemberRequest) -> list[tuple[str, list[tuple[str, str]]]]:
    new = reverse("segment_new")
    views = SavedView.objects.visible_to(request.actor).filter(page=LIST).order_by("name").values_list("pk", "name")
    rows = Segment.objects.visible_to(request.actor).exclude(tree={}).by_name().values_list("pk", "name")
    groups = [
        (_("A saved view of contacts"), [(f"{new}?view={pk}", name) for pk, name in views[:MOST_STARTS]]),
        (_("A copy of a segment"), [(f"{new}?copy={pk}", name) for pk, name in rows[:MOST_STARTS]]),
    ]
    return [(label, links) for label, links in groups if links]


def _page(
    request: MemberRequest,
    row: Segment | None,
    draft: Draft,
    *,
    given: dict[str, str],
    errors: dict[str, str] | None = None,
    strict: bool = False,
    notes: list[str] | None = None,
) -> HttpResponse:
    asking = asking_of(request.actor, request.company)
    errors = dict(errors or {})
    context = {
        "segment": row,
        "given": given,
        "name_error": errors.pop("name", ""),
        "errors": [text for text in errors.values() if text],
        "kinds": SegmentKind.choices,
        "etag": given.get("etag") or (etag_of(row) if row else ""),
        "starts": [] if row else _starts(request),
        "notes": notes or [],
        "fixed": bool(row and not row.is_dynamic),
        "sentence": sentence_of(ENTITY, row.tree, asking) if row and not row.is_dynamic and row.tree else "",
    }
    if not context["fixed"]:
        context |= editor_of(
            ENTITY, draft, asking, strict=strict, after=Reshaped(draft, focus=_first_problem(draft, asking, strict))
        )
    return render(request, "segments/edit.html", context, status=422 if errors or context["name_error"] or strict else 200)


def _first_problem(draft: Draft, asking: Asking, strict: bool) -> str:
    if not strict:
        return ""
    problems = Drafter(ENTITY, asking).tree_of(draft).problems
    return f"{next(iter(problems))}:what" if problems else ""


def _draft_of(request: MemberRequest, asking: Asking) -> Draft:
    draft = draft_from(request.POST)
    fit(Drafter(ENTITY, asking), draft, request.POST)
    return draft


def _given(request: MemberRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ("name", "note", "kind", "etag")}


def _refused(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, InvalidInput):
        return {name: str(text) for name, text in refusal.errors.items()}
    return {refusal.field or "rule": str(refusal.message)}


def _unfinished(problems: dict[str, str]) -> dict[str, str]:
    words = ngettext(
        "To save the segment finish %(count)d condition below or take it out.",
        "To save the segment finish %(count)d conditions below or take them out.",
        len(problems),
    )
    return {"rule": words % {"count": len(problems)}}


@member_page
@require_http_methods(["GET", "POST"])
def segment_new(request: MemberRequest, start: str = "") -> HttpResponseBase:
    """Write a new segment, from nothing, from a list's filter or from another segment."""
    _may(request)
    asking = asking_of(request.actor, request.company)
    if request.method == "GET":
        begun = _begun(request, start, asking)
        draft = Drafter(ENTITY, asking).draft_of(begun.tree)
        given = {"name": begun.name, "kind": begun.kind, "note": ""}
        return _page(request, None, draft, given=given, notes=begun.notes)
    draft, given = _draft_of(request, asking), _given(request)
    written = Drafter(ENTITY, asking).tree_of(draft)
    if written.problems:
        return _page(request, None, draft, given=given, errors=_unfinished(written.problems), strict=True)
    try:
        made = create_segment(given["name"], written.tree, by=request.actor, kind=given["kind"], note=given["note"])
    except Refusal as refusal:
        request.undo = True
        return _page(request, None, draft, given=given, errors=_refused(refusal))
    return redirect("segment_page", made.pk)


@member_page
@require_http_methods(["GET", "POST"])
def segment_edit(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Change a segment's name, note and rule."""
    row = visible_or_404(Segment.objects.visible_to(request.actor), pk)
    _may(request)
    asking = asking_of(request.actor, request.company)
    if request.method == "GET":
        draft = Drafter(ENTITY, asking).draft_of(row.tree)
        return _page(request, row, draft, given={"name": row.name, "note": row.note, "kind": row.kind})
    draft, given = _draft_of(request, asking), _given(request)
    facts: dict[str, Any] = {"name": given["name"], "note": given["note"]}
    if row.is_dynamic:
        written = Drafter(ENTITY, asking).tree_of(draft)
        if written.problems:
            return _page(request, row, draft, given=given, errors=_unfinished(written.problems), strict=True)
        facts["tree"] = written.tree
    try:
        change_segment(row, by=request.actor, etag=given["etag"], **facts)
    except Refusal as refusal:
        request.undo = True
        return _page(request, row, draft, given=given, errors=_refused(refusal))
    return redirect("segment_page", row.pk)


@member_page
@require_POST
def segment_count(request: MemberRequest) -> HttpResponse:
    """Say whom the rule in the form means: in words, how many, and ten of them; nothing is kept."""
    if not request.actor.can(SegmentPermission.READ):
        raise NotPermitted(_("To see segments you must have the right to. Ask your administrator."))
    asking = asking_of(request.actor, request.company)
    written = Drafter(ENTITY, asking).tree_of(_draft_of(request, asking))
    context: dict[str, Any] = {
        "sentence": sentence_of(ENTITY, written.tree, asking),
        "unfinished": len(written.problems),
        "sample": SAMPLE,
    }
    try:
        counted = count_rule(written.tree, asking, exact=request.POST.get("exact") == "1")
        context |= {
            "counted": counted,
            "low": max(counted.count - counted.plus_minus, 0),
            "high": min(counted.count + counted.plus_minus, counted.base),
            "percent": round(counted.share * 100, 1),
        }
    except Refusal as refusal:
        context["refusal"] = refusal.message
    return render(request, "segments/count.html", context)
