"""The settings page of exchange rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dialogue.kit.doors import ActorRequest, member_page
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.platform.rates import actions
from dialogue.platform.rates.models import Rate
from dialogue.platform.rates.permissions import RatePermission

SHOWN = 200


@member_page
def rate_list(request: ActorRequest) -> HttpResponse:
    """Show the newest rates and take one entered by hand."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            _enter(request)
            return redirect("rate_list")
        except InvalidInput as refused:
            errors = refused.errors
            request.undo = True
    rates = Rate.objects.visible_to(request.actor).order_by("-on", "currency")[:SHOWN]
    context = {
        "rates": rates,
        "errors": errors,
        "given": request.POST,
        "today": date.today(),  # noqa: DTZ011
        "may_write": request.actor.can(RatePermission.WRITE),
    }
    return render(request, "rates/list.html", context, status=422 if errors else 200)


def _enter(request: ActorRequest) -> None:
    given = request.POST
    try:
        value = Decimal(given.get("value", "").replace(",", ".").replace(" ", ""))
    except InvalidOperation:
        value = Decimal(0)
    try:
        day = date.fromisoformat(given.get("on", ""))
    except ValueError:
        raise InvalidInput({"on": _("Give a day, for example 2026-01-31.")}) from None
    actions.set_rate(
        given.get("currency", "").upper().strip(), given.get("quote", "").upper().strip(), day, value, by=request.actor
    )


@member_page
@require_POST
def rate_load(request: ActorRequest) -> HttpResponseRedirect:
    """Load a central bank's file."""
    file = request.FILES.get("file")
    if file is None:
        raise Refusal(_("To load rates choose a file."), field="file")
    count = actions.load_rates(file.read(), by=request.actor)
    messages.success(request, ngettext("%(count)s rate was loaded.", "%(count)s rates were loaded.", count) % {"count": count})
    return redirect("rate_list")


@member_page
@require_POST
def rate_remove(request: ActorRequest, pk: int) -> HttpResponseRedirect:
    """Remove a rate."""
    actions.remove_rate(get_object_or_404(Rate.objects.visible_to(request.actor), pk=pk), by=request.actor)
    return redirect("rate_list")
