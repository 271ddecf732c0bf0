"""The dialogue on a customer's card and the page of events."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.actions import record_call, record_meeting, record_note, record_response, strike_entry
from dialogue.customers.timeline.details import compose_buttons
from dialogue.customers.timeline.feed import feed_of
from dialogue.customers.timeline.kinds import IN, entry_kinds, kinds_of
from dialogue.customers.timeline.models import Entry
from dialogue.customers.timeline.permissions import TimelinePermission
from dialogue.customers.timeline.rules import first_line
from dialogue.kit.doors import visible_or_404, whole_number
from dialogue.kit.errors import Refusal
from dialogue.kit.pieces import piece
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.lists.views import list_page

MOST_TOUCHES, MOST_SOURCES = 20, 200
ANSWERED = ("kind", "body", "amount", "at", "touch", "source")
COMPOSED = ("note", "call", "call_missed", "called", "meeting")


@member_page
@require_safe
def events(request: MemberRequest) -> HttpResponse:
    """Show the events of the whole company."""
    return list_page(request, "events")


def panel(request: MemberRequest, party: Party, *, form: dict[str, Any] | None = None) -> str:
    """Return the dialogue of a customer with the box that adds to it."""
    may = request.actor.can(TimelinePermission.WRITE)
    buttons = [
        (button.label, url)
        for button in compose_buttons.within(request.company.rooms_off)
        if (not button.permission or request.actor.can(button.permission)) and (url := button.url(party))
    ]
    context = {
        "party": party,
        "feed": feed_of(request, party),
        "may": may,
        "kinds": [(kind, entry_kinds.get(kind).label) for kind in COMPOSED],
        "buttons": buttons,
        "form": form or {"kind": "note"},
    }
    return piece("timeline/panel.html", context, request)


@member_page
@require_safe
def party_timeline(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a customer's dialogue; with `after` only what is older."""
    party = visible_or_404(Party.objects.visible_to(request.actor), pk)
    after = request.GET.get("after", "")
    if after:
        return HttpResponse(piece("timeline/feed.html", {"party": party, "feed": feed_of(request, party, after)}))
    if request.GET.get("part") == "feed":
        return HttpResponse(piece("timeline/talk.html", {"party": party, "feed": feed_of(request, party)}))
    return HttpResponse(panel(request, party))


def _moment(request: MemberRequest) -> datetime | None:
    text = request.POST.get("at", "").strip()
    if not text:
        return None
    moment = parse_datetime(text)
    if moment is None:
        raise Refusal(_("Give the date and the time."), field="at")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment, request.company.zone)


def _minutes(request: MemberRequest) -> int | None:
    text = request.POST.get("minutes", "").strip()
    minutes = whole_number(text)
    if text and minutes is None:
        raise Refusal(_("Give the length of the call in minutes, from 0 to 1440."), field="minutes")
    return minutes


def _record(request: MemberRequest, party: Party) -> None:
    kind, body, by = request.POST.get("kind", "note"), request.POST.get("body", ""), request.actor
    if kind == "note":
        record_note(party, body=body, by=by)
    elif kind == "meeting":
        record_meeting(party, body=body, at=_moment(request), by=by)
    elif kind in COMPOSED:
        record_call(
            party,
            incoming=kind == "called",
            reached=kind != "call_missed",
            minutes=None if kind == "call_missed" else _minutes(request),
            body=body,
            at=_moment(request),
            by=by,
        )
    else:
        raise Refusal(_("To record this choose one of the kinds offered."), field="kind")


@member_page
@require_POST
def compose(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Record a note, call or meeting; show the dialogue with it."""
    party = visible_or_404(Party.objects.visible_to(request.actor), pk)
    try:
        _record(request, party)
    except Refusal as refusal:
        given = {name: request.POST.get(name, "") for name in ("kind", "body", "minutes", "at")}
        form = given | {"wrong": {refusal.field or "body": refusal.message}}
        return HttpResponse(panel(request, party, form=form), status=refusal.status)
    return _shown(request, party)


def _shown(request: MemberRequest, party: Party) -> HttpResponseBase:
    if "HX-Request" in request.headers:
        return HttpResponse(panel(request, party))
    return redirect("party_card", pk=party.pk)


def told(request: MemberRequest, party: Party) -> HttpResponseBase:
    """Answer a dialog that did its work: it closes, and the dialogue behind it reads itself again."""
    if "HX-Request" not in request.headers:
        return redirect("party_card", pk=party.pk)
    # 204 leaves the page as it is: an empty swap would open the dialog again.
    response = HttpResponse(status=204)
    response["HX-Trigger"] = '{"sheet:close": "", "dialogue:changed": ""}'
    return response


def _amount(request: MemberRequest) -> Decimal | None:
    text = "".join(request.POST.get("amount", "").split()).replace(",", ".")
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Refusal(_("Give the sum as a number, for example 1500,50."), field="amount") from None
    if not -(10**15) < amount < 10**15:
        raise Refusal(_("Give the sum as a number, for example 1500,50."), field="amount")
    return amount


def _chosen(request: MemberRequest, field: str) -> int | None:
    text = request.POST.get(field, "")
    if not text:
        return None
    number = whole_number(text)
    if number is None:
        raise Refusal(_("Choose from the list."), field=field)
    return number


def _write_answer(request: MemberRequest, party: Party, touch: Entry | None) -> dict[str, Any]:
    """Record the answer of the form; return the form with what is wrong, or an empty one."""
    try:
        record_response(
            party,
            kind=request.POST.get("kind", ""),
            touch=touch or _chosen(request, "touch"),
            source=_chosen(request, "source"),
            body=request.POST.get("body", ""),
            at=_moment(request),
            amount=_amount(request),
            currency=request.company.currency,
            by=request.actor,
        )
    except Refusal as refusal:
        form: dict[str, Any] = {name: request.POST.get(name, "") for name in ANSWERED}
        return form | {"wrong": {refusal.field or "body": refusal.message}, "status": refusal.status}
    return {}


@member_page
@require_http_methods(["GET", "POST"])
def answer(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Record by hand what a customer answered to a touch."""
    touch = visible_or_404(Entry.objects.touches().visible_to(request.actor).select_related("party"), pk)
    return _answer(request, touch.party, touch)


@member_page
@require_http_methods(["GET", "POST"])
def party_answer(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Record by hand what a customer answered: to what was said, to a campaign, or of his own accord."""
    return _answer(request, visible_or_404(Party.objects.visible_to(request.actor), pk), None)


def _answer(request: MemberRequest, party: Party, touch: Entry | None) -> HttpResponseBase:
    form: dict[str, Any] = {"kind": "reply"}
    if request.method == "POST":
        form = _write_answer(request, party, touch)
        if not form:
            return told(request, party)
    if touch is None:
        said = Entry.objects.touches().of(party).newest()[:MOST_TOUCHES]
        form["touches"] = [(str(one.pk), one.words, one.at, one.subject or first_line(one.body or "")) for one in said]
        form["sources"] = [
            (str(key), name) for key, name in Source.objects.campaigns().values_list("pk", "name")[:MOST_SOURCES]
        ]
    context = {
        "party": party,
        "touch": touch,
        "address": reverse("entry_answer", args=[touch.pk]) if touch else reverse("party_answer", args=[party.pk]),
        "said": (touch.subject or first_line(touch.body or "")) if touch else "",
        "kinds": [(kind, entry_kinds.get(kind).label) for kind in kinds_of(IN, by_hand=True)],
        "form": form,
    }
    return render(request, "timeline/answer.html", context, status=form.get("status", 200))


@member_page
@require_POST
def strike(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Take a hand-written entry off the timeline."""
    entry = visible_or_404(Entry.objects.visible_to(request.actor).select_related("party"), pk)
    strike_entry(entry, by=request.actor)
    return _shown(request, entry.party)
