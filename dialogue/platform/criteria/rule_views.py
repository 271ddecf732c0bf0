"""The door of the rule editor: a form comes in, the same form comes back with what a button or a choice asked for."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.drafting import ROOT, Draft, Drafter, draft_from, form_of
from dialogue.platform.criteria.editing import editor_of, fit
from dialogue.platform.criteria.fields import entities
from dialogue.platform.criteria.reshaping import Reshaped, reshape

DO, BACK = "do", "back"
UNDONE = {"remove", "unwrap"}


def _done(draft: Draft, order: str) -> Reshaped:
    if order.partition(" ")[0] not in UNDONE:
        return reshape(draft, order)
    before = urlencode(form_of(draft))
    after = reshape(draft, order)
    after.before = before if after.said else ""
    return after


@member_page
@require_POST
def rule_editor(request: MemberRequest, entity: str) -> HttpResponse:
    """Return the editor anew after a choice or a button; nothing is kept."""
    if entities.find(entity) is None:
        raise Http404
    asking = asking_of(request.actor, request.company)
    order = request.POST.get(DO, "")
    if order == BACK:
        after = Reshaped(draft_from(QueryDict(request.POST.get(BACK, ""))), f"{ROOT}:join", _("Put back as it was."))
    else:
        draft = draft_from(request.POST)
        fit(Drafter(entity, asking), draft, request.POST)
        after = _done(draft, order)
    strict = request.POST.get("strict") == "1"
    return render(request, "criteria/rule.html", editor_of(entity, after.draft, asking, strict=strict, after=after))
