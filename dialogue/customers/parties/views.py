"""The pages of customers: the list and the card."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from dialogue.customers.parties.cards import Panel, Place, asked_by, card_buttons, card_facts, card_panels, panels_for
from dialogue.customers.parties.models import ContactPoint, Party, PartyTag
from dialogue.customers.parties.panels import role_line
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.doors import LARGEST
from dialogue.kit.pieces import piece
from dialogue.kit.rows import columns_of
from dialogue.kit.statement import Statement, read_ahead, read_together
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.models import SLOTS
from dialogue.platform.lists.views import list_page


def _shown(actor: Actor, party: int) -> QuerySet[Party]:
    rows = Party.objects.visible_to(actor).filter(pk=party).select_related("company", "responsible")
    return rows.only(*columns_of(Party, leaving=SLOTS), "company__name", "responsible__name", "responsible__email")


SHOWN = Statement(_shown)
POINTS = Statement(lambda party: ContactPoint.objects.filter(party=party))
TAG_LINKS = Statement(lambda party: PartyTag.objects.filter(party=party).select_related("tag"))


@member_page
def contacts(request: MemberRequest) -> HttpResponse:
    """Show the list of contacts."""
    return list_page(request, "contacts")


def party_of(request: MemberRequest, pk: int) -> Party:
    """Return the customer with what the card shows of him.

    Raises:
        Http404: the member may not see him, or there is none.
    """
    if pk >= LARGEST:
        raise Http404
    ids = {"party": pk}
    found, points, links = read_together([(SHOWN, request.actor, ids), (POINTS, None, ids), (TAG_LINKS, None, ids)])
    if not found:
        raise Http404
    party: Party = found[0]
    party._prefetched_objects_cache = {"contacts": points, "tag_links": links}  # type: ignore[attr-defined]
    return party


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
    boxes = [panel for place in (Place.LEFT, Place.RIGHT) for panel in panels_for(request, party, place)]
    with read_ahead(
        asked_by(request, party, [chosen.reads, *(one.count_reads for one in middle), *(one.reads for one in boxes)])
    ):
        return _card(request, party, middle, chosen)


def _card(request: MemberRequest, party: Party, middle: list[Panel], chosen: Panel) -> HttpResponse:
    tabs = [
        {
            "panel": panel,
            "on": panel is chosen,
            "count": panel.count(request, party) if panel.count else None,
            "url": f"{record_url('party_card', party.pk)}?tab={panel.name}",
        }
        for panel in middle
    ]
    context: dict[str, Any] = {"party": party, "tabs": tabs, "chosen": chosen, "content": chosen.render(request, party)}
    if request.headers.get("HX-Target") == "card-middle":
        return HttpResponse(piece("parties/middle.html", context))
    context |= {
        "role": role_line(party),
        "boxes": [*_boxes(request, party, Place.LEFT), *_boxes(request, party, Place.RIGHT)],
        "facts": [fact for give in card_facts.within(request.company.rooms_off) for fact in give(request, party)],
        "buttons": _buttons(request, party),
        "may": request.actor.can(PartyPermission.WRITE),
        "may_bin": request.actor.can(PartyPermission.BIN),
    }
    return render(request, "parties/card.html", {"party": party, "main": piece("parties/card.html", context)})


def _boxes(request: MemberRequest, party: Party, place: Place) -> list[dict[str, Any]]:
    boxes = [{"panel": panel, "html": panel.render(request, party)} for panel in panels_for(request, party, place)]
    return [box for box in boxes if box["html"]]


def _buttons(request: MemberRequest, party: Party) -> list[dict[str, Any]]:
    shown = [
        {"button": one, "url": one.url(party)}
        for one in card_buttons.within(request.company.rooms_off)
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
