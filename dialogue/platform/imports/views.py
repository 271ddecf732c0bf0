"""Imports in the office: upload, map, try, start, watch, take back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.kit.doors import whole_number
from dialogue.kit.errors import Conflict, NotPermitted, Refusal
from dialogue.kit.money import print_money
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.audit.kinds import record_kinds
from dialogue.platform.imports import actions
from dialogue.platform.imports.forms import choices_of, lines_of, posted_map
from dialogue.platform.imports.kinds import import_kinds
from dialogue.platform.imports.models import Import, ImportChange, ImportProfile, ImportRow, Outcome
from dialogue.platform.imports.outcomes import download_name, outcome_lines
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.platform.imports.reading.reasons import reason_of
from dialogue.platform.imports.running import done_rows
from dialogue.platform.imports.undoing import KEPT_WORDS, kind_words
from dialogue.platform.lists.pages import ListPage, list_pages

SHOWN = 100
ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("windows-1251", "Windows-1251"),
    ("windows-1250", "Windows-1250"),
    ("utf-16", "UTF-16"),
    ("koi8-u", "KOI8"),
    ("cp866", "DOS 866"),
    ("iso8859-2", "ISO 8859-2"),
    ("iso8859-16", "ISO 8859-16"),
)
DELIMITERS = ((";", ";"), (",", ","), ("\t", "Tab"), ("|", "|"))


def kinds_for(request: MemberRequest) -> list[tuple[str, Any]]:
    """Return the kinds of import the member may run."""
    return [
        (kind.code, kind.label)
        for kind in import_kinds.within(request.company.rooms_off)
        if not kind.permission or request.actor.can(kind.permission)
    ]


def find(request: MemberRequest, pk: int) -> Import:
    """Return an import the member may see, or 404."""
    found: Import = get_object_or_404(Import.objects.visible_to(request.actor), pk=pk)
    return found


@member_page
def import_list(request: MemberRequest) -> HttpResponse:
    """Show the company's imports, newest first."""
    if not request.actor.can(ImportPermission.RUN):
        raise NotPermitted(_("To import files you must be allowed to. Ask your administrator."))
    runs = list(Import.objects.visible_to(request.actor).order_by("-id")[:SHOWN])
    labels = {kind.code: kind.label for kind in import_kinds}
    return render(request, "imports/list.html", {"runs": [(run, labels.get(run.kind, run.kind)) for run in runs]})


@member_page
def import_new(request: MemberRequest) -> HttpResponse:
    """Take a file and what it holds."""
    if not request.actor.can(ImportPermission.RUN):
        raise NotPermitted(_("To import files you must be allowed to. Ask your administrator."))
    error = ""
    if request.method == "POST":
        upload = request.FILES.get("file")
        try:
            if upload is None:
                raise Refusal(_("Choose a file first."), field="file")
            kind = request.POST.get("kind", "")
            run = actions.prepare_import(upload.chunks(), name=upload.name or "", kind=kind, by=request.actor)
            return redirect("import", run.pk)
        except Refusal as refused:
            if refused.status == 403:
                raise
            error = refused.message
            request.undo = True
    chosen = request.POST.get("kind") or request.GET.get("kind", "")
    context = {"kinds": kinds_for(request), "chosen": chosen, "error": error, "limit": settings.IMPORT_MAX_MB}
    return render(request, "imports/new.html", context, status=422 if error else 200)


@member_page
def import_page(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one import: its map while it is a draft, its progress while it runs, its outcome when it has ended."""
    run = find(request, pk)
    if request.headers.get("HX-Request"):
        if run.state == "draft":
            # The dry run has ended: the whole page changes from waiting to the map with its outcome.
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "imports/import.html#progress", context_of(request, run))
    return render(request, "imports/import.html", context_of(request, run))


def context_of(request: MemberRequest, run: Import, *, error: str = "", errors: Any = None) -> dict[str, Any]:
    """Return what the page of an import needs."""
    kind = import_kinds.get(run.kind)
    context: dict[str, Any] = {"run": run, "kind": kind, "error": error, "errors": errors or {}}
    if run.state == "draft":
        return context | _draft(request, run)
    done = done_rows(run)
    context |= {
        "done": done,
        "share": min(100, round(100 * done / run.rows)) if run.rows else 0,
        "totals": [print_money(amount, currency) for currency, amount in run.totals.items()],
        "stages": [
            (name, ", ".join(print_money(amount, currency) for currency, amount in sums.items()))
            for name, sums in sorted(
                run.details.get("by_stage", {}).items(), key=lambda pair: -sum(map(float, pair[1].values()))
            )
        ],
        "landing": _landing(kind.subject) if run.state == "done" else None,
        "may_undo": run.may_undo and request.actor.can(ImportPermission.UNDO),
    }
    if not run.is_open:
        refused = ImportRow.objects.filter(run=run, outcome=Outcome.REFUSED).order_by("number")[:SHOWN]
        context["refused_rows"] = list(refused)
        context["kept"] = _kept(run) if run.undo.get("kept") else []
    return context


def _landing(subject: str) -> ListPage | None:
    """Return the list where the records of an import stand."""
    return next((page for page in list_pages if page.of().model._meta.label_lower == subject), None)


def _draft(request: MemberRequest, run: Import) -> dict[str, Any]:
    kind = import_kinds.get(run.kind)
    trial = run.trial
    told = [
        {
            "number": line["number"],
            "outcome": Outcome(line["outcome"]),
            "words": str(reason_of(line["reason"])) if line["reason"] else "",
            "cells": [cell for cell in line["cells"][:4] if cell],
        }
        # What was refused is what a person looks for.
        for line in sorted(trial.get("lines", []), key=lambda line: line["outcome"] != Outcome.REFUSED)[:SHOWN]
    ]
    return {
        "columns": lines_of(run, kind),
        "choices": choices_of(kind, request.actor),
        "keys": kind.keys,
        "kinds": kinds_for(request),
        "profiles": ImportProfile.objects.filter(kind=run.kind),
        "encodings": ENCODINGS,
        "delimiters": DELIMITERS,
        "empty": ", ".join(run.mapping.get("empty", [])),
        "match": run.mapping.get("match", ""),
        "trial": trial,
        "told": told,
        "trial_totals": [print_money(amount, currency) for currency, amount in trial.get("totals", {}).items()],
    }


def _kept(run: Import) -> list[dict[str, Any]]:
    found = []
    for change in ImportChange.objects.filter(run=run).exclude(kept="").order_by("id")[:SHOWN]:
        known = record_kinds.find(change.model)
        found.append(
            {
                "kind": known.label if known else kind_words(change.model),
                "name": change.label or change.row_id,
                "url": known.address(change.row_id) if known and change.kept != "gone" else "",
                "why": KEPT_WORDS.get(change.kept, ""),
            }
        )
    return found


@member_page
@require_POST
def import_read(request: MemberRequest, pk: int) -> HttpResponse:
    """Read the draft's file in another way, or as another kind."""
    run = find(request, pk)
    reading = {name: request.POST.get(name, "") for name in ("sheet", "encoding", "delimiter")}
    try:
        actions.read_anew(run, reading, kind=request.POST.get("kind", ""), by=request.actor)
    except Refusal as refused:
        return _refused(request, pk, refused)
    return redirect("import", pk)


@member_page
@require_POST
def import_map(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep the map, and do what the pressed button says: try, start, save as a profile, apply one."""
    run = find(request, pk)
    verb = request.POST.get("verb", "")
    try:
        profile = ImportProfile.objects.filter(kind=run.kind, pk=whole_number(request.POST.get("profile")) or 0).first()
        mapping = profile.mapping if verb == "apply" and profile else posted_map(run, request.POST)
        run = actions.map_import(run, mapping, by=request.actor)
        if verb == "try":
            actions.try_import(run, by=request.actor)
        elif verb in {"start", "again"}:
            actions.start_import(run, by=request.actor, again=verb == "again")
        elif verb == "profile":
            actions.save_profile(run, request.POST.get("profile_name", ""), by=request.actor)
    except Refusal as refused:
        return _refused(request, pk, refused)
    if request.headers.get("HX-Request"):
        return render(request, "imports/draft.html#mapping", context_of(request, run))
    return redirect("import", pk)


def _refused(request: MemberRequest, pk: int, refused: Refusal) -> HttpResponse:
    if refused.status == 403:
        raise refused
    errors = getattr(refused, "errors", {})
    run = find(request, pk)
    context = context_of(request, run, error=refused.message, errors=errors)
    context["again"] = isinstance(refused, Conflict) and refused.code == "imported-before"
    return render(request, "imports/import.html", context, status=refused.status)


@member_page
@require_POST
def import_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseRedirect:
    """Stop, go on, undo, or drop a draft."""
    run = find(request, pk)
    verbs: dict[str, Callable[..., Any]] = {
        "stop": actions.stop_import,
        "resume": actions.resume_import,
        "undo": actions.undo_import,
        "drop": actions.drop_draft,
    }
    verbs[verb](run, by=request.actor)
    return redirect("import_list") if verb == "drop" else redirect("import", pk)


@member_page
def import_outcome(request: MemberRequest, pk: int) -> StreamingHttpResponse:
    """Send what became of each row: the file's columns with outcome and words, as CSV."""
    run = find(request, pk)
    only = request.GET.get("only", "")
    lines = outcome_lines(run, only if only in Outcome.values else "")
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{download_name(run)}"'
    return response
