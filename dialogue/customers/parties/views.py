"""The pages of customers: the list and the card."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dialogue.customers.parties.cards import Place, card_buttons, card_facts, card_panels, panels_for
from dialogue.customers.parties.models import Party
from dialogue.customers.parties.panels import role_line
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.kit.api.paging import visible_or_404
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.lists.views import list_page


@member_page
def contacts(request: MemberRequest) -> HttpResponse:
    """Show the list of contacts."""
    return list_page(request, "contacts")


def party_of(request: MemberRequest, pk: int) -> Party:
    """Return the customer with what the card shows of him.

    Raises:
        Http404: the member may not see him, or there is none.
    """
    rows = Party.objects.visible_to(request.actor).select_related("company", "responsible")
    return visible_or_404(rows.prefetch_related("contacts", "tag_links__tag"), pk)


@member_page
@require_GET
def card(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show the customer card: who, the dialogue in the middle, what is known at the right; of a merged one, what he became."""
    try:
        party = party_of(request, pk)
    except Http404:
        merged = Party.with_bin.visible_to(request.actor).filter(pk=pk).values_list("merged_into", flat=True).first()
        if merged is None:
            raise
        return redirect("party_card", pk=merged)
    middle = panels_for(request, party, Place.MIDDLE)
    chosen = next((panel for panel in middle if panel.name == request.GET.get("tab")), middle[0])
    tabs = [
        {
            "panel": panel,
            "on": panel is chosen,
            "count": panel.count(request, party) if panel.count else None,
            "url": f"{reverse('party_card', args=[party.pk])}?tab={panel.name}",
        }
        for panel in middle
    ]
    context: dict[str, Any] = {"party": party, "tabs": tabs, "chosen": chosen, "content": chosen.render(request, party)}
    if request.headers.get("HX-Target") == "card-middle":
        return render(request, "parties/card.html#middle", context)
    context |= {
        "role": role_line(party),
        "left": _boxes(request, party, Place.LEFT),
        "right": _boxes(request, party, Place.RIGHT),
        "facts": [fact for give in card_facts for fact in give(request, party)],
        "buttons": _buttons(request, party),
        "may": request.actor.can(PartyPermission.WRITE),
        "may_bin": request.actor.can(PartyPermission.BIN),
    }
    return render(request, "parties/card.html", context)


def _boxes(request: MemberRequest, party: Party, place: Place) -> list[dict[str, Any]]:
    boxes = [{"panel": panel, "html": panel.render(request, party)} for panel in panels_for(request, party, place)]
    return [box for box in boxes if box["html"]]


def _buttons(request: MemberRequest, party: Party) -> list[dict[str, Any]]:
    shown = [
        {"button": one, "url": one.url(party)}
        for one in card_buttons
        if not one.permission or request.actor.can(one.permission)
    ]
    return [one for one in shown if one["url"]]


@member_page
@require_GET
def panel(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Show one panel anew, after something in it changed."""
    party = party_of(request, pk)
    found = card_panels.find(name)
    if found is None or found not in panels_for(request, party, found.place):
        raise Http404
    return HttpResponse(found.render(request, party))
