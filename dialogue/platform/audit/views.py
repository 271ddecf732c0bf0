"""The company's history, a record's history, the bin."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.kit.doors import ActorRequest, member_page, whole_number
from dialogue.kit.errors import NotPermitted
from dialogue.platform.audit.actions import restore_record
from dialogue.platform.audit.bin import KEPT, bin_of, references_of
from dialogue.platform.audit.kinds import binned_of, kinds_with_bin, record_kinds
from dialogue.platform.audit.models import Entry
from dialogue.platform.audit.words import lines_of

READ = "company:audit:read"
SHOWN = 50


def visible_subject(actor: Any, kind: str, number: int) -> Any:
    """Return the record if the actor sees it, in the bin or out of it.

    Raises:
        Http404: there is none for him.
    """
    known = record_kinds.find(kind)
    if known is None:
        raise Http404
    found = known.visible_to(actor).filter(pk=number).first()
    if found is None and kind in kinds_with_bin():
        found = binned_of(kind, actor).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _page(request: ActorRequest, entries: QuerySet[Entry]) -> dict[str, Any]:
    before = whole_number(request.GET.get("before"))
    if before is not None:
        entries = entries.filter(pk__lt=before)
    rows = list(entries.order_by("-id")[: SHOWN + 1])
    further = rows[SHOWN - 1].pk if len(rows) > SHOWN else None
    return {"lines": lines_of(rows[:SHOWN]), "further": further}


@member_page
def history(request: ActorRequest) -> HttpResponse:
    """Show who did what in the company, newest first, for who may see the whole history."""
    if not request.actor.can(READ):
        raise NotPermitted(_("To see the history of the company you must have the permission to. Ask your administrator."))
    entries: QuerySet[Entry] = Entry.objects.all()
    kind, words = request.GET.get("kind", ""), " ".join(request.GET.get("q", "").split())[:100]
    if kind:
        entries = entries.filter(subject_kind=kind)
    if words:
        entries = entries.filter(Q(actor_label__icontains=words) | Q(subject_label__icontains=words))
    kinds = [(key, known.plural) for key, known in ((key, record_kinds.get(key)) for key in record_kinds.keys())]  # noqa: SIM118
    context = _page(request, entries) | {"kinds": kinds, "kind": kind, "q": words}
    template = "audit/history.html#lines" if request.headers.get("HX-Request") else "audit/history.html"
    return render(request, template, context)


@member_page
def record_history(request: ActorRequest, kind: str, number: int) -> HttpResponse:
    """Show what was done to one record, for who sees the record; in a dialog when htmx asks."""
    subject = visible_subject(request.actor, kind, number)
    entries = Entry.objects.filter(subject_kind=kind, subject_id=number)
    context = _page(request, entries) | {"subject": subject}
    if request.headers.get("HX-Request"):
        part = "lines" if request.GET.get("before") else "sheet"
        return render(request, f"audit/record.html#{part}", context)
    return render(request, "audit/record.html", context)


@member_page
def bin_page(request: ActorRequest) -> HttpResponse:
    """Show what lies in the bin and this member may see."""
    kinds = kinds_with_bin()
    chosen = request.GET.get("kind", "")
    if chosen and chosen not in kinds:
        raise Http404
    context = {
        "binned": bin_of(request.actor, chosen),
        "kinds": [(key, record_kinds.get(key).plural) for key in kinds],
        "chosen": chosen,
        "days": KEPT.days,
    }
    return render(request, "audit/bin.html", context)


@member_page
def bin_references(request: ActorRequest, kind: str, number: int) -> HttpResponse:
    """Show, in a dialog, what refers to a record in the bin."""
    if kind not in kinds_with_bin():
        raise Http404
    row = get_object_or_404(binned_of(kind, request.actor), pk=number)
    return render(request, "audit/references.html", {"row": row, "references": references_of(row, request.actor)})


@member_page
@require_POST
def bin_restore(request: ActorRequest, kind: str, number: int) -> HttpResponseRedirect:
    """Take a record out of the bin."""
    row = restore_record(kind, number, by=request.actor)
    messages.success(request, _("“%(name)s” is back.") % {"name": row})
    return redirect("bin")
