"""The component gallery: every shape of the office on one page, for the eye, for axe and for whoever builds a page."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.money import print_money
from dialogue.platform.accounts.doors import MemberRequest, member_page


@member_page
def gallery(request: MemberRequest) -> HttpResponse:
    """Show the shapes with words and amounts of the reader's language."""
    now = timezone.now()
    rows = [
        (_("Online shop"), "ООО «Автопром»", _("Active negotiations"), "say", Decimal(1520000)),
        (_("Support around the clock"), "Überseering & Söhne", _("Contract approval"), "answer", Decimal("15000.50")),
        (_("Audit"), "Șantier Grup SRL", _("Overdue"), "bad", Decimal(-980)),
    ]
    table = [(*row[:4], print_money(row[4], request.company.currency)) for row in rows]
    dates = [now, now - timedelta(days=40)]
    return render(request, "office/gallery.html", {"table": table, "dates": dates})
