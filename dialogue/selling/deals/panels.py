"""What deals show on the customer's card."""

from __future__ import annotations

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.template.loader import render_to_string

from dialogue.customers.parties.models import Party
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.selling.deals.models import Deal, DealContact, StageClass
from dialogue.selling.deals.permissions import DealPermission

MOST = 8


def deals_of(request: MemberRequest, party: Party) -> QuerySet[Deal]:
    """Return the deals in which a customer takes part: as the company, the contact or one of the contacts."""
    rows = Deal.objects.visible_to(request.actor)
    if party.is_person:
        return rows.filter(pk__in=DealContact.objects.filter(party=party).values("deal_id"))
    return rows.filter(company=party)


def deals_panel(request: MemberRequest, party: Party) -> str:
    """Return the box of a customer's deals: the open ones first, with a button for a new one."""
    from_open = Case(When(stage_class=StageClass.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = deals_of(request, party).select_related("stage").order_by(from_open, "-created_at", "-pk")
    shown = list(rows[: MOST + 1])
    context = {
        "deals": shown[:MOST],
        "more": len(shown) > MOST,
        "party": party,
        "may_write": request.actor.can(DealPermission.WRITE),
    }
    return render_to_string("deals/panel.html", context)


def deals_count(request: MemberRequest, party: Party) -> int:
    """Return how many open deals a customer has."""
    return deals_of(request, party).open().count()  # type: ignore[attr-defined,no-any-return]
