"""The pages of purchases: the list and one purchase."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotPermitted
from dialogue.kit.money import print_money
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.lists.views import list_page
from dialogue.selling.purchases.boxes import purchase_boxes
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.permissions import PurchasePermission

MOST_LINES = 500


def refuse_unpermitted(request: MemberRequest) -> None:
    """Refuse a member who may not see purchases.

    Raises:
        NotPermitted: he may not.
    """
    if not request.actor.can(PurchasePermission.READ):
        raise NotPermitted(_("To see purchases you must be allowed to. Ask your administrator."))


@member_page
def purchase_list(request: MemberRequest) -> HttpResponse:
    """Show the list of purchases."""
    refuse_unpermitted(request)
    return list_page(request, "purchases")


@member_page
def purchase(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one purchase with its lines."""
    found = visible_or_404(Purchase.objects.visible_to(request.actor).select_related("party"), pk)
    refuse_unpermitted(request)
    lines = list(found.lines.select_related("product").order_by("id")[: MOST_LINES + 1])
    context = {
        "purchase": found,
        "total": print_money(found.amount, found.currency),
        "lines": [(line, print_money(line.price, found.currency), print_money(line.amount, found.currency)) for line in lines][
            :MOST_LINES
        ],
        "more": len(lines) > MOST_LINES,
        "boxes": [box(request, found) for box in purchase_boxes.within(request.company.rooms_off)],
    }
    return render(request, "purchases/purchase.html", context)
