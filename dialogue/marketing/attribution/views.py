"""The rule of attribution, and why a purchase or deal is attributed as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dialogue.customers.timeline.details import EntryDetail, EntryVerb
from dialogue.customers.timeline.models import Entry
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.marketing.attribution import actions
from dialogue.marketing.attribution.counting import windows_of
from dialogue.marketing.attribution.explaining import Why, explain
from dialogue.marketing.attribution.models import Attribution, Rule, What
from dialogue.marketing.attribution.permissions import AttributionPermission
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.tenants.registry import company_settings, setting_of
from dialogue.selling.deals.models import Deal
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.permissions import PurchasePermission

MODELS: dict[str, Any] = {What.PURCHASE: Purchase, What.DEAL: Deal}


def _need(request: MemberRequest, permission: str) -> None:
    if not request.actor.can(permission):
        raise NotPermitted(
            _("To do this you must have the permission “%(permission)s”. Ask your administrator.") % {"permission": permission}
        )


def why_of(request: MemberRequest, what: str, pk: int) -> Why:
    """Return why the purchase or deal is attributed as it is."""
    row = Attribution.objects.visible_to(request.actor).filter(what=what, ref=pk).first()
    return explain(row, windows_of(request.company))


@member_page
@require_http_methods(["GET", "POST"])
def attribution(request: MemberRequest) -> HttpResponseBase:
    """Show the rule in words, set its windows, count everything anew."""
    _need(request, AttributionPermission.WRITE)
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            if "count" in request.POST:
                actions.count_anew(by=request.actor)
            else:
                given = {name: request.POST.get(name, "").strip() for name in actions.SETTINGS}
                days = {name: int(text) if text.isdecimal() and len(text) < 6 else -1 for name, text in given.items()}
                actions.change_windows(**days, by=request.actor)
        except Refusal as refusal:
            wrong = refusal.errors if isinstance(refusal, InvalidInput) else {refusal.field: refusal.message}
        else:
            messages.success(request, _("Purchases and deals are being attributed anew."))
            return redirect("attribution")
    fields = [(name, company_settings.get(name), setting_of(request.company, name)) for name in actions.SETTINGS]
    counts = Attribution.objects.by_rule()
    context = {
        "fields": [(name, one, request.POST.get(name, value), wrong.get(name, "")) for name, one, value in fields],
        "rules": [(rule.label, counts.get(rule.value, 0)) for rule in Rule],
    }
    return render(request, "attribution/rule.html", context, status=422 if wrong else 200)


@member_page
@require_safe
def why(request: MemberRequest, what: str, pk: int) -> HttpResponse:
    """Say in words why a purchase or deal is attributed as it is."""
    if what not in MODELS:
        raise Http404
    record = visible_or_404(MODELS[what].objects.visible_to(request.actor), pk)
    _need(request, AttributionPermission.READ)
    context = {"why": why_of(request, what, pk), "record": record, "what": What(what)}
    page = "attribution/why.html#why" if "HX-Request" in request.headers else "attribution/why.html"
    return render(request, page, context)


def purchase_details(request: MemberRequest, entries: Sequence[Entry]) -> dict[int, EntryDetail]:
    """Return beside a purchase on the timeline the button that asks why it stands there."""
    if not request.actor.can(AttributionPermission.READ):
        return {}
    asked = {entry.ref_id for entry in entries if entry.ref_id is not None and entry.kind == "bought"}
    return {
        pk: EntryDetail(
            verbs=(EntryVerb(_("What brought it"), reverse("attribution_why", args=["purchase", pk]), dialog=True),)
        )
        for pk in asked
    }


def _box(request: MemberRequest, what: str, pk: int) -> str:
    if not request.actor.can(AttributionPermission.READ):
        return ""
    return render_to_string("attribution/box.html", {"why": why_of(request, what, pk), "what": what}, request=request)


def purchase_box(request: MemberRequest, purchase: Purchase) -> str:
    """Return what brought a purchase, for its page."""
    if purchase.is_return or not request.actor.can(PurchasePermission.READ):
        return ""
    return _box(request, What.PURCHASE, purchase.pk)


def deal_box(request: MemberRequest, deal: Deal) -> str:
    """Return what brought a deal, for its page; "" where nothing of ours did."""
    if not Attribution.objects.filter(what=What.DEAL, ref=deal.pk).exists():
        return ""
    return _box(request, What.DEAL, deal.pk)
