"""Pages of mailings: how each stands, the letters of one by state, and what a person decides about unknown ones."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from dialogue.customers.channels.cards import reason_words
from dialogue.customers.channels.ledger import bundle_of
from dialogue.customers.channels.mailings import (
    cancel_mailing,
    mailing_counts,
    pause_mailing,
    resume_mailing,
    start_mailing,
)
from dialogue.customers.channels.models import Delivery, Mailing, MailingState, State
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.unknowns import leave_unknowns, letters_of, resend_unknown
from dialogue.kit.doors import visible_or_404, whole_number, whole_numbers
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page

SHOWN = 50
TONES = {MailingState.GOING: "good", MailingState.CANARY: "good", MailingState.PAUSED: "warn", MailingState.CANCELLED: "bad"}
VERBS: dict[str, Any] = {"start": start_mailing, "pause": pause_mailing, "resume": resume_mailing, "cancel": cancel_mailing}
OF_STATE: dict[str, tuple[str, ...]] = {
    MailingState.PLANNED: ("start", "cancel"),
    MailingState.CANARY: ("pause", "cancel"),
    MailingState.GOING: ("pause", "cancel"),
    MailingState.PAUSED: ("resume", "cancel"),
}


def _may(request: MemberRequest) -> None:
    if not request.actor.can(ChannelPermission.MAILING):
        raise NotPermitted(_("To see mailings you must have the permission for them. Ask your administrator."))


def _page(request: MemberRequest, rows: Any) -> tuple[list[Any], int | str]:
    before = whole_number(request.GET.get("before"))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: SHOWN + 1])
    return found[:SHOWN], found[SHOWN - 1].pk if len(found) > SHOWN else ""


def _letters(request: MemberRequest, row: Mailing, state: str) -> tuple[list[Delivery], int | str]:
    """Return a page of letters in one state, and where the next one begins: of those that wait, a bundle is a page."""
    if state not in {State.PLANNED, State.RESERVED, State.HANDED}:
        return _page(request, letters_of(row, state, request.actor))
    after = whole_number(request.GET.get("before"))
    found, further = bundle_of(row, state, request.actor, after)
    # Letters that are sent once more have rows of their own.
    single = [] if after else list(letters_of(row, state, request.actor)[:SHOWN])
    return [*single, *found], further or ""


@member_page
@require_safe
def mailings(request: MemberRequest) -> HttpResponse:
    """Show the company's mailings, the newest first, with what a person has to look at."""
    _may(request)
    rows, further = _page(request, Mailing.objects.visible_to(request.actor).order_by("-id"))
    # Only the rare states are counted here: those of a million letters each would make the page slow.
    counted = Delivery.objects.filter(mailing__in=rows, state__in=[State.UNKNOWN, State.REFUSED])
    numbers = {
        (mailing, state): number
        for mailing, state, number in counted.values_list("mailing", "state").annotate(n=Count("*")).order_by()
    }
    lines = [
        {
            "row": row,
            "tone": TONES.get(MailingState(row.state), ""),
            "unknown": numbers.get((row.pk, State.UNKNOWN), 0),
            "refused": numbers.get((row.pk, State.REFUSED), 0),
        }
        for row in rows
    ]
    return render(request, "channels/mailings.html", {"lines": lines, "further": further})


@member_page
@require_safe
def mailing(request: MemberRequest, pk: int) -> HttpResponse:
    """Show how one mailing stands and its letters in a chosen state."""
    _may(request)
    row = visible_or_404(Mailing.objects.visible_to(request.actor).select_related("identity"), pk)
    counts = mailing_counts(row)
    state = request.GET.get("state", "")
    if state not in State.values:
        state = next((one for one in (State.UNKNOWN, State.REFUSED, State.DEFERRED) if counts.get(one)), State.ACCEPTED)
    letters, further = _letters(request, row, state)
    words = reason_words()
    context = {
        "row": row,
        "tone": TONES.get(MailingState(row.state), ""),
        "states": [(one, State(one).label, counts[one]) for one in State.values if counts.get(one)],
        "state": state,
        "shown": State(state).label,
        "letters": [(one, words.get(one.reason or "", "")) for one in letters],
        "further": further,
        "unknown": counts.get(State.UNKNOWN, 0) if state == State.UNKNOWN else 0,
        "verbs": OF_STATE.get(row.state, ()),
    }
    return render(request, "channels/mailing.html", context)


@member_page
@require_POST
def mailing_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseBase:
    """Start, pause, resume or stop a mailing."""
    if verb not in VERBS:
        raise Http404
    row = visible_or_404(Mailing.objects.visible_to(request.actor), pk)
    try:
        VERBS[verb](row, by=request.actor)
    except NotPermitted:
        raise
    except Refusal as refusal:
        request.undo = True
        messages.error(request, refusal.message, extra_tags="bad")
    return redirect("mailing", pk)


@member_page
@require_POST
def mailing_unknown(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Send letters of unknown outcome again or leave them: the chosen ones, or all."""
    row = visible_or_404(Mailing.objects.visible_to(request.actor), pk)
    chosen = whole_numbers(request.POST.getlist("letter"))
    only = None if "all" in request.POST else chosen
    if "again" in request.POST:
        number = resend_unknown(row, only=only, by=request.actor)
        said = ngettext("%(n)s letter goes again.", "%(n)s letters go again.", number) % {"n": number}
    else:
        number = leave_unknowns(row, only=only, by=request.actor)
        said = ngettext("%(n)s letter is taken as arrived.", "%(n)s letters are taken as arrived.", number) % {"n": number}
    messages.success(request, said if number else _("Choose the letters first."))
    return redirect("mailing", pk)
