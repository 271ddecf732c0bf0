"""The door of the rule editor: a form comes in, the same form comes back with what a button or a choice asked for."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.drafting import Drafter, draft_from
from dialogue.platform.criteria.editing import editor_of, fit
from dialogue.platform.criteria.fields import entities
from dialogue.platform.criteria.reshaping import Reshaped, reshape

DO = "do"


@member_page
@require_POST
def rule_editor(request: MemberRequest, entity: str) -> HttpResponse:
    """Return the editor anew after a choice or a button; nothing is kept."""
    if entities.find(entity) is None:
        raise Http404
    asking = asking_of(request.actor, request.company)
    draft = draft_from(request.POST)
    fit(Drafter(entity, asking), draft, request.POST)
    after = reshape(draft, request.POST.get(DO, "")) if request.POST.get(DO) else Reshaped(draft)
    strict = request.POST.get("strict") == "1"
    return render(request, "criteria/rule.html", editor_of(entity, after.draft, asking, strict=strict, after=after))
