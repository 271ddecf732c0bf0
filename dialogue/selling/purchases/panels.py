"""What purchases show on the customer's card."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Sum
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogue.customers.parties.cards import Fact
from dialogue.customers.parties.models import Party
from dialogue.kit.money import print_money
from dialogue.kit.statement import Statement
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.permissions import PurchasePermission

SHOWN = 50


def _spent(party: int) -> QuerySet[Purchase, Any]:
    groups = Purchase.objects.of(party).values("currency")
    return groups.annotate(total=Sum("amount"), count=Count("id"), first=Min("at"), last=Max("at")).order_by("-total")


SPENT = Statement(_spent)


def purchases_panel(request: MemberRequest, party: Party) -> str:
    """Return the tab of a customer's purchases, the newest first."""
    rows = list(Purchase.objects.of(party).newest().annotate(count=Count("lines"))[: SHOWN + 1])
    context = {
        "party": party,
        "purchases": [(row, print_money(row.amount, row.currency)) for row in rows[:SHOWN]],
        "more": len(rows) > SHOWN,
    }
    return render_to_string("purchases/panel.html", context, request)


def purchases_count(request: MemberRequest, party: Party) -> int | None:
    """Return how many purchases a customer has."""
    return sum(group["count"] for group in spent_by(party)) or None


def spent_by(party: Party) -> list[dict[str, Any]]:
    """Return count, sum, first and last purchase per currency, the largest sum first; read once a request."""
    held: list[dict[str, Any]] | None = getattr(party, "held_spent", None)
    if held is None:
        held = [dict(group) for group in SPENT.rows(party=party.pk)]
        party.held_spent = held  # type: ignore[attr-defined]
    return held


def purchase_facts(request: MemberRequest, party: Party) -> list[Fact]:
    """Return what the customer spent in all, per currency, and since when."""
    if not request.actor.can(PurchasePermission.READ):
        return []
    groups = spent_by(party)
    return [_fact(group["total"], group["currency"], group["count"], group["last"]) for group in groups[:2]]


def _fact(total: Decimal, currency: str, count: int, last: object) -> Fact:
    words = ngettext("%(count)d purchase", "%(count)d purchases", count) % {"count": count}
    day = formats.date_format(timezone.localtime(last), "SHORT_DATE_FORMAT")  # type: ignore[arg-type]
    last_words = _("last on %(day)s") % {"day": day}
    return Fact(_("Bought for"), print_money(total, currency), f"{words}, {last_words}", accent=True)
