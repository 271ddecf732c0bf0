"""The dialog of merging: choose the other record, compare, merge; take an earlier merge back."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dialogue.customers.parties.fields import contact_of
from dialogue.customers.parties.merging import merge_parties, unmerge_parties
from dialogue.customers.parties.models import Merge, Party
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.views import party_of
from dialogue.kit.doors import whole_number
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page


def _may(request: MemberRequest) -> None:
    if not request.actor.can(PartyPermission.BIN):
        raise NotPermitted(_("To merge customers you must have the permission to delete them. Ask your administrator."))


def _context(request: MemberRequest, party: Party, other: Party | None) -> dict[str, Any]:
    merges = Merge.objects.filter(kept=party, undone_at=None).order_by("-id")[:10]
    names = dict(Party.with_bin.filter(pk__in=[one.gone_id for one in merges]).values_list("pk", "name"))
    return {
        "party": party,
        "other": other,
        "both": [_summary(one) for one in (party, other) if one is not None],
        "merges": [{"merge": one, "name": names.get(one.gone_id, "")} for one in merges],
    }


def _summary(party: Party) -> dict[str, Any]:
    return {
        "party": party,
        "phone": contact_of(party, "phone"),
        "email": contact_of(party, "email"),
        "company": party.company.name if party.company_id and party.company else "",
    }


@member_page
@require_http_methods(["GET", "POST"])
def merge(request: MemberRequest, pk: int) -> HttpResponse:
    """Show whom to merge with, both records side by side, or merge them and open what stays."""
    _may(request)
    party = party_of(request, pk)
    number = whole_number(request.POST.get("other") or request.GET.get("other"))
    other = None if number is None else party_of(request, number)
    if request.method == "GET" or other is None or not request.POST.get("sure"):
        return render(request, "parties/merge.html", _context(request, party, other))
    kept, gone = (other, party) if request.POST.get("keep") == str(other.pk) else (party, other)
    try:
        merge_parties(kept, gone, by=request.actor)
    except Refusal as refusal:
        request.undo = True
        return render(request, "parties/merge.html", _context(request, party, other) | {"refusal": refusal}, status=422)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("party_card", args=[kept.pk])
    return response


@member_page
@require_POST
def undo(request: MemberRequest, pk: int, merge: int) -> HttpResponse:
    """Take a merge back and open the customer who is a record of his own again."""
    _may(request)
    row = get_object_or_404(Merge.objects.filter(kept=party_of(request, pk)), pk=merge)
    back = unmerge_parties(row, by=request.actor)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("party_card", args=[back.pk])
    return response
