"""What the card and the timeline show of letters: the state of a delivery, its verbs, the button that writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.makers import held_words
from dialogue.customers.channels.models import Delivery, Mailing, State
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.timeline.details import EntryDetail, EntryVerb
from dialogue.customers.timeline.models import Entry, Side
from dialogue.platform.accounts.doors import MemberRequest

WATCHED = timedelta(minutes=10)


def reason_words() -> dict[str, str]:
    """Return why a letter did not go, in words."""
    return {key: str(held_words.get(key)) for key in tuple(held_words.keys())} | {
        "suppressed": _("the address is on the stop list"),
        "no-consent": _("the customer has refused such letters"),
        "no-sender": _("the sender's domain is not verified"),
        "not-composed": _("the letter could not be made"),
        "by-hand": _("stopped by hand"),
        "gave-up": _("the server put it off for two days"),
        "worker-lost": _("the connection broke while the server was answering: nobody can tell whether it arrived"),
        "taken-as-arrived": _("taken as arrived by hand"),
        "mailing-stopped": _("the mailing was stopped"),
        "dead-address": _("the address does not exist"),
    }


def delivery_details(request: MemberRequest, entries: Sequence[Entry]) -> dict[int, EntryDetail]:
    """Return the state of the deliveries behind entries, with what can be done about it."""
    rows = Delivery.objects.filter(pk__in=[entry.ref_id for entry in entries if entry.ref_id is not None]).select_related(
        "message", "mailing"
    )
    may = request.actor.can(ChannelPermission.SEND)
    words = reason_words()
    return {row.pk: _detail(row, words, may=may) for row in rows}


def mailing_details(request: MemberRequest, entries: Sequence[Entry]) -> dict[int, EntryDetail]:
    """Return what stands beside touches of mailings: the title, and on one customer's card the state of his letter."""
    mailings = {row.pk: row for row in Mailing.objects.filter(pk__in={entry.ref_id for entry in entries})}
    parties = {entry.party_id for entry in entries}
    found = {pk: EntryDetail(words=row.title) for pk, row in mailings.items()}
    if len(parties) == 1:
        rows = Delivery.objects.filter(party__in=parties, mailing__in=mailings).select_related("mailing")
        may, words = request.actor.can(ChannelPermission.SEND), reason_words()
        for row in rows:
            detail = _detail(row, words, may=may)
            said = ": ".join(filter(None, [mailings[row.mailing_id or 0].title, str(detail.words)]))
            found[row.mailing_id or 0] = replace(detail, words=said)
    return found


def touch_details(request: MemberRequest, entries: Sequence[Entry]) -> dict[int, EntryDetail]:
    """Return the same for touches that name only the campaign of their mailing, by the touch."""
    letters = [entry for entry in entries if entry.kind == "letter" and entry.side == Side.OUT]
    if not letters:
        return {}
    titles: dict[int | None, str] = {}
    mailings: list[int] = []
    for pk, source, title in Mailing.objects.filter(source__in={one.source for one in letters}).values_list(
        "pk", "source", "title"
    ):
        titles[source] = title
        mailings.append(pk)
    found = {one.pk: EntryDetail(words=titles[one.source]) for one in letters if one.source in titles}
    parties = {one.party_id for one in letters}
    if len(parties) == 1 and found:
        rows = Delivery.objects.filter(party__in=parties, mailing__in=mailings, touch__in=found).select_related("mailing")
        may, words = request.actor.can(ChannelPermission.SEND), reason_words()
        for row in rows:
            detail = _detail(row, words, may=may)
            said = ": ".join(filter(None, [row.mailing.title if row.mailing else "", str(detail.words)]))
            found[row.touch or 0] = replace(detail, words=said)
    return found


def _detail(row: Delivery, words: dict[str, str], *, may: bool) -> EntryDetail:
    chip = row.get_state_display()
    if row.state == State.ACCEPTED and row.stayed:
        chip = _("in the local mailbox")
    said = [words.get(row.reason, "")] if row.reason else []
    if row.state in {State.REFUSED, State.DEFERRED, State.UNKNOWN} and row.answer:
        said.append(f"{row.code or ''} {row.answer}".strip())
    return EntryDetail(
        chip=chip,
        tone=row.tone,
        words=": ".join(filter(None, said)),
        verbs=_verbs(row) if may else (),
        moving=row.is_open and row.written_at > timezone.now() - WATCHED,
    )


def _verbs(row: Delivery) -> tuple[EntryVerb, ...]:
    again = EntryVerb(_("Send again"), reverse("letter_verb", args=[row.pk, "again"]))
    if row.state == State.UNKNOWN:
        return again, EntryVerb(_("Take as arrived"), reverse("letter_verb", args=[row.pk, "leave"]))
    if row.state in {State.REFUSED, State.CANCELLED}:
        return (again,)
    if row.state in {State.PLANNED, State.DEFERRED}:
        return (EntryVerb(_("Stop"), reverse("letter_verb", args=[row.pk, "cancel"])),)
    return ()
