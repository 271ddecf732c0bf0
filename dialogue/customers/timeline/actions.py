"""Verbs over the timeline: what we said, what came back, what we noted."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.bulk import record_entries, remove_entries
from dialogue.customers.timeline.kinds import IN, OUT, OWN
from dialogue.customers.timeline.models import Entry, Side, Way
from dialogue.customers.timeline.permissions import TimelinePermission
from dialogue.customers.timeline.rules import checked_kind, checked_moment, checked_text, first_line
from dialogue.customers.timeline.signals import EntryFact, noted, response_recorded, touch_recorded
from dialogue.customers.timeline.words import keep_words
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, NotPermitted, Refusal
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action

__all__ = [
    "record_call",
    "record_entries",
    "record_meeting",
    "record_note",
    "record_response",
    "record_touch",
    "remove_entries",
    "strike_entry",
]


def _entry(party: Party, side: str, kind: str, by: Actor, values: dict[str, Any]) -> Entry:
    now = timezone.now()
    body = checked_text(values.pop("body", "") or "")
    subject = first_line(values.pop("subject", "") or "")
    at = checked_moment(values.pop("at", None) or now, now)
    entry: Entry = Entry.objects.create(
        party=party, side=side, kind=checked_kind(kind, side), at=at, subject=subject, body=body or None, by=by.user, **values
    )
    keep_words([(entry.pk, subject, body)])
    return entry


@action(permission=TimelinePermission.WRITE)
def record_touch(
    party: Party,
    *,
    kind: str,
    by: Actor,
    way: str = "",
    subject: str = "",
    body: str = "",
    at: datetime | None = None,
    source: int | None = None,
    ref: tuple[str, int] | None = None,
    facts: dict[str, Any] | None = None,
) -> Entry:
    """Record what we said to a customer and return the touch.

    `kind` is a registered kind of side `out`; `ref` names the record it speaks of, such as `("delivery", 5)`.

    Raises:
        Refusal: the kind or campaign is unknown, the moment lies ahead or the text is too long.
    """
    values = {"way": way, "subject": subject, "body": body, "at": at, "source": _known_source(source), "facts": facts}
    entry = _entry(party, OUT, kind, by, values | _refers(ref))
    record(by, "timeline.touch", party, kind=party._meta.label_lower, entry=entry.pk, touch=kind)
    touch_recorded.tell(EntryFact(entry, by))
    return entry


@action(permission=TimelinePermission.WRITE)
def record_response(
    party: Party,
    *,
    kind: str,
    by: Actor,
    touch: Entry | int | None = None,
    source: Source | int | None = None,
    way: str = "",
    subject: str = "",
    body: str = "",
    at: datetime | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    ref: tuple[str, int] | None = None,
    facts: dict[str, Any] | None = None,
) -> Entry:
    """Record what a customer answered, against the touch it answers and its campaign where known; return the response.

    Without `way` and `source` those of the touch are taken.

    Raises:
        Refusal: the kind or campaign is unknown, the touch is another customer's, or the answer lies before its touch.
    """
    said = _touch_of(party, touch)
    if said is not None and at is not None and at < said.at:
        raise Refusal(_("An answer cannot be older than what it answers: correct its date."), field="at")
    values: dict[str, Any] = {
        "way": way or (said.way if said else ""),
        "subject": subject,
        "body": body,
        "at": at,
        "touch": said.pk if said else None,
        "source": _known_source(source) or (said.source if said else None),
        "amount": amount,
        "currency": currency if amount is not None else "",
        "facts": facts,
    }
    entry = _entry(party, IN, kind, by, values | _refers(ref))
    record(by, "timeline.response", party, entry=entry.pk, response=kind, touch=entry.touch)
    response_recorded.tell(EntryFact(entry, by))
    return entry


def _known_source(source: Source | int | None) -> int | None:
    if isinstance(source, int) and not Source.objects.filter(pk=source).exists():
        raise Refusal(_("To name the campaign choose one of those there are."), field="source")
    return source.pk if isinstance(source, Source) else source


def _refers(ref: tuple[str, int] | None) -> dict[str, Any]:
    return {"ref_kind": ref[0], "ref_id": ref[1]} if ref else {}


def _touch_of(party: Party, touch: Entry | int | None) -> Entry | None:
    if touch is None:
        return None
    pk = touch.pk if isinstance(touch, Entry) else touch
    said = Entry.objects.touches().filter(pk=pk, party=party).first()
    if said is None:
        raise Refusal(_("To record this answer choose what it answers among what was said to this customer."), field="touch")
    return said


@action(permission=TimelinePermission.WRITE)
def record_note(party: Party, *, body: str, by: Actor, ref: tuple[str, int] | None = None) -> Entry:
    """Keep a note of ours about a customer and return it.

    Raises:
        Refusal: the note is empty or too long.
    """
    if not body.strip():
        raise Refusal(_("To keep a note write its text."), field="body")
    return _note(party, "note", by, {"body": body} | _refers(ref))


def _note(party: Party, kind: str, by: Actor, values: dict[str, Any]) -> Entry:
    entry = _entry(party, OWN, kind, by, values)
    record(by, "timeline.noted", party, entry=entry.pk, note=kind)
    noted.tell(EntryFact(entry, by))
    return entry


@action(permission=TimelinePermission.WRITE)
def record_call(
    party: Party,
    *,
    by: Actor,
    incoming: bool = False,
    reached: bool = True,
    minutes: int | None = None,
    body: str = "",
    at: datetime | None = None,
    touch: Entry | int | None = None,
) -> Entry:
    """Record a call: ours is a touch, the customer's a response; return the entry.

    Raises:
        Refusal: the length is negative, the moment lies ahead or the text is too long.
    """
    if minutes is not None and not 0 <= minutes <= 24 * 60:
        raise Refusal(_("Give the length of the call in minutes, from 0 to 1440."), field="minutes")
    facts: dict[str, Any] = {"minutes": minutes} if minutes is not None else {}
    if incoming:
        return record_response(party, kind="called", way=Way.CALL, body=body, at=at, touch=touch, facts=facts or None, by=by)
    kind = "call" if reached else "call_missed"
    return record_touch(party, kind=kind, way=Way.CALL, body=body, at=at, facts=facts or None, by=by)


@action(permission=TimelinePermission.WRITE)
def record_meeting(party: Party, *, by: Actor, body: str = "", at: datetime | None = None) -> Entry:
    """Record a meeting, which is a touch, and return it.

    Raises:
        Refusal: the moment lies ahead or the text is too long.
    """
    return record_touch(party, kind="meeting", way=Way.MEETING, body=body, at=at, by=by)


@action(permission=TimelinePermission.WRITE)
def strike_entry(entry: Entry, *, by: Actor) -> None:
    """Take a hand-written entry off the timeline: one's own, or anybody's with the permission for it.

    Raises:
        NotPermitted: it is another person's.
        Conflict: it was not written by hand, or something answers it.
    """
    row = Entry.objects.select_for_update().filter(pk=entry.pk).first()
    if row is None:
        return
    if row.by != by.user and not by.can(TimelinePermission.STRIKE):
        raise NotPermitted(_("To remove an entry you must have written it, or ask your administrator."))
    if row.ref_id is not None or not row.declared.by_hand:
        raise Conflict(_("Only what was written by hand can be removed; this entry tells of something that happened."))
    if row.side == Side.OUT and Entry.objects.filter(touch=row.pk).exists():
        raise Conflict(_("To remove this entry first remove the answers under it."))
    record(by, "timeline.struck", row.party, entry=row.pk, was=row.kind, text=(row.body or row.subject)[:500])
    row.delete()
