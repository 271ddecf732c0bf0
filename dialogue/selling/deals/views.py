"""Pages of one deal and of its forms."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dialogue.customers.parties.models import Party
from dialogue.kit.doors import LARGEST, whole_number
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.kit.rows import etag_of
from dialogue.kit.statement import Statement
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.lists.views.changing import editor_of
from dialogue.platform.lists.views.reading import list_page
from dialogue.selling.deals.actions import (
    add_deal_contact,
    change_deal,
    comment_deal,
    create_deal,
    delete_comment,
    lose_deal,
    move_deal,
    remove_deal_contact,
    reopen_deal,
    tag_deal,
    win_deal,
)
from dialogue.selling.deals.batches import bin_deals
from dialogue.selling.deals.card import deal_context
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.fields import deal as entity
from dialogue.selling.deals.fields import people_choices
from dialogue.selling.deals.forms import characteristics_of, draft_of, facts_of, why_of
from dialogue.selling.deals.losses import reasons_in_use
from dialogue.selling.deals.models import BoardState, Deal, DealComment, Stage
from dialogue.selling.deals.permissions import DealPermission


@member_page
@require_GET
def deal_list(request: MemberRequest) -> HttpResponseBase:
    """Show the list of deals; who last looked at the board finds the board."""
    if not request.GET and not request.headers.get("HX-Request"):
        state = BoardState.objects.filter(user_id=int(request.actor.user or 0)).first()
        if state is not None and state.view == "board":
            return redirect("deal_board")
    return list_page(request, "deals")


FOUND = Statement(lambda actor, deal: Deal.objects.visible_to(actor).with_people().filter(pk=deal))


def found(request: MemberRequest, pk: int) -> Deal:
    """Return the deal the member sees.

    Raises:
        Http404: there is none, or he may not see it.
    """
    deal = FOUND.first(request.actor, deal=pk) if pk < LARGEST else None
    if deal is None:
        raise Http404
    return deal


@member_page
@require_GET
def deal_page(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show one deal: who, how much, where it stands, what was said and what comes next."""
    return render(request, "deals/deal.html", deal_context(request, found(request, pk)))


def _form(request: MemberRequest, deal: Deal | None, *, errors: dict[str, str] | None = None) -> HttpResponse:
    given = request.POST
    asking = asking_of(request.actor, request.company)
    parties = _chosen(request, deal)
    context: dict[str, Any] = {
        "deal": deal,
        "errors": errors or {},
        "title": given.get("title", deal.title if deal else ""),
        "budget": given.get("budget", format(deal.budget.normalize(), "f") if deal and deal.budget is not None else ""),
        "currency": given.get("currency", deal.currency if deal else request.company.currency),
        "expected_on": given.get("expected_on", deal.expected_on.isoformat() if deal and deal.expected_on else ""),
        "people": people_choices(asking),
        "responsible": given.get("responsible", str(deal.responsible_id or "") if deal else str(request.actor.user or "")),
        "company_chosen": parties["company"],
        "contact_chosen": parties["contact"],
        "etag": given.get("etag", etag_of(deal) if deal else ""),
        "characteristics": _editors(request, deal),
    }
    if deal is None:
        context["stages"] = [stage for stage in Stage.objects.in_use().select_related("pipeline") if not stage.is_final]
        context["stage"] = given.get("stage", request.GET.get("stage", ""))
    return render(request, "deals/form.html", context, status=422 if errors else 200)


def _chosen(request: MemberRequest, deal: Deal | None) -> dict[str, tuple[str, str]]:
    """Return what each picker holds as (value, words)."""
    chosen = {"company": ("", ""), "contact": ("", "")}
    for name in chosen:
        party = getattr(deal, name, None)
        if party is not None:
            chosen[name] = (str(party.pk), party.name)
    number = whole_number(request.GET.get("party")) if deal is None else None
    if number is not None:
        party = Party.objects.visible_to(request.actor).select_related("company").filter(pk=number).first()
        if party is not None and party.is_person:
            chosen["contact"] = (str(party.pk), party.name)
            if party.company_id and party.company:
                chosen["company"] = (str(party.company_id), party.company.name)
        elif party is not None:
            chosen["company"] = (str(party.pk), party.name)
    for name in chosen:
        if name in request.POST:
            chosen[name] = (request.POST[name], request.POST.get(f"{name}_text", ""))
    return chosen


def _editors(request: MemberRequest, deal: Deal | None) -> list[dict[str, Any]]:
    asking = asking_of(request.actor, request.company)
    return [
        editor_of(field, asking, field.value_of(deal) if deal else None, request.company.currency)
        | {"code": field.characteristic.code if field.characteristic else ""}
        for field in entity.defined()
    ]


def _codes() -> list[str]:
    return list(Characteristic.objects.of(ENTITY).values_list("code", flat=True))


def _done(request: MemberRequest, deal: Deal) -> HttpResponse:
    """Lead to the deal's page, by htmx or without."""
    url = reverse("deal_card", args=[deal.pk])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


@member_page
@require_http_methods(["GET", "POST"])
def deal_new(request: MemberRequest) -> HttpResponseBase:
    """Take a new deal in a dialog; wrong fields come back with their remedies and what was typed."""
    if not request.actor.can(DealPermission.WRITE):
        raise NotPermitted(_("To add deals you must have the right to change them. Ask your administrator."))
    if request.method == "GET":
        return _form(request, None)
    try:
        draft = draft_of(request.POST, request.actor)
        draft.characteristics = {
            code: value for code, value in characteristics_of(request.POST, _codes()).items() if value not in (None, "", [])
        }
        return _done(request, create_deal(draft, by=request.actor))
    except Refusal as refusal:
        return _refused(request, None, refusal)


@member_page
@require_http_methods(["GET", "POST"])
def deal_edit(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Change a deal in a dialog; a stale edit shows both values."""
    deal = found(request, pk)
    if request.method == "GET":
        return _form(request, deal)
    try:
        facts = facts_of(request.POST, request.actor)
        given = characteristics_of(request.POST, _codes())
        change_deal(deal, by=request.actor, etag=request.POST.get("etag", ""), characteristics=given, **facts)
    except Refusal as refusal:
        return _refused(request, deal, refusal)
    return _done(request, deal)


def _refused(request: MemberRequest, deal: Deal | None, refusal: Refusal) -> HttpResponse:
    if isinstance(refusal, NotPermitted):
        raise refusal
    # What the form made before the refusal (a new customer) is taken back.
    request.undo = True
    errors = refusal.errors if isinstance(refusal, InvalidInput) else {refusal.field or "title": refusal.message}
    return _form(request, deal, errors=errors)


@member_page
@require_POST
def deal_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseBase:
    """Win, reopen or delete a deal."""
    deal = found(request, pk)
    if verb == "delete":
        bin_deals([deal.pk], by=request.actor)
        return redirect(f"{reverse('deal_list')}?view=open")
    actions = {"win": win_deal, "reopen": reopen_deal}
    if verb not in actions:
        raise Http404
    actions[verb](deal, by=request.actor)
    return redirect("deal_card", pk=pk)


@member_page
@require_http_methods(["GET", "POST"])
def deal_lose(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Ask why a deal is lost and close it."""
    deal = found(request, pk)
    error = ""
    if request.method == "POST":
        try:
            return _done(request, lose_deal(deal, by=request.actor, **why_of(request.POST)))
        except NotPermitted:
            raise
        except Refusal as refusal:
            error = refusal.message
            request.undo = True
    context = {"deal": deal, "error": error, "reasons": reasons_in_use(), "given": request.POST}
    return render(request, "deals/lose.html", context, status=422 if error else 200)


@member_page
@require_POST
def deal_stage(request: MemberRequest, pk: int, stage: int) -> HttpResponseBase:
    """Put a deal into an open stage from its page."""
    deal = found(request, pk)
    target = get_object_or_404(Stage.objects.in_use(), pk=stage)
    move_deal(deal, target, by=request.actor, **why_of(request.POST))
    return redirect("deal_card", pk=pk)


@member_page
@require_POST
def deal_contact(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Add a party to a deal, change its role, or take it out."""
    deal = found(request, pk)
    party = whole_number(request.POST.get("party"))
    if party is None:
        raise Refusal(_("Choose a customer from the list."), field="party")
    if request.POST.get("remove"):
        remove_deal_contact(deal, party, by=request.actor)
    else:
        add_deal_contact(deal, party, by=request.actor, role=request.POST.get("role", ""))
    return redirect(f"{reverse('deal_card', args=[pk])}#contacts")


@member_page
@require_POST
def deal_tags(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Set a deal's tags from words apart by commas."""
    tag_deal(found(request, pk), request.POST.get("tags", "").split(","), by=request.actor)
    return redirect("deal_card", pk=pk)


@member_page
@require_POST
def deal_comment(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Write a comment."""
    comment_deal(found(request, pk), request.POST.get("text", ""), by=request.actor)
    return redirect(f"{reverse('deal_card', args=[pk])}#comments")


@member_page
@require_POST
def deal_comment_remove(request: MemberRequest, pk: int, comment: int) -> HttpResponseBase:
    """Take back one's own comment."""
    deal = found(request, pk)
    delete_comment(get_object_or_404(DealComment.objects.filter(deal=deal), pk=comment), by=request.actor)
    return redirect(f"{reverse('deal_card', args=[pk])}#comments")
