"""The pages of customers: the list, the card, the dialogs."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from dialogue.customers.parties.models import Party
from dialogue.kit.api.paging import visible_or_404
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.lists.views import list_page


@member_page
def contacts(request: MemberRequest) -> HttpResponse:
    """Show the list of contacts."""
    return list_page(request, "contacts")


@member_page
def new(request: MemberRequest) -> HttpResponse:
    """Show the form of a new contact."""
    return render(request, "parties/new.html")


@member_page
def card(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the customer card."""
    party = visible_or_404(Party.objects.visible_to(request.actor), pk)
    return render(request, "parties/card.html", {"party": party})
