"""Verbs over letters of a mailing whose outcome is unknown: a person sends them again or leaves them, one or many at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F
from django.utils import timezone

from dialogue.customers.channels.mailings import reopen_mailing
from dialogue.customers.channels.models import Delivery, DeliveryQuerySet, Mailing, State
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.policy import refuse_locked
from dialogue.customers.channels.settling import record_touches, write_rows
from dialogue.kit.actors import Actor
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.tenants.opened import open_company

BATCH = 1000


def unknown_letters(mailing: Mailing, only: Sequence[int] | None) -> DeliveryQuerySet:
    """Return the letters of a mailing whose outcome nobody can tell, all or the named ones."""
    rows: DeliveryQuerySet = Delivery.objects.filter(mailing=mailing, state=State.UNKNOWN)
    return rows if only is None else rows.filter(pk__in=list(only))


@action(permission=ChannelPermission.MAILING)
def resend_unknown(mailing: Mailing, *, by: Actor, only: Sequence[int] | None = None) -> int:
    """Plan letters of unknown outcome once more and return how many; a receiver may get one twice, under one Message-ID.

    Raises:
        SendingLocked: the company's data was restored and sending not unlocked.
    """
    refuse_locked(open_company())
    number = unknown_letters(mailing, only).update(
        state=State.PLANNED, reason="", code=0, answer="", due_at=timezone.now(), settled_at=None, attempts=0
    )
    if number:
        record(by, "mailing.sent_again", mailing, count=number)
        reopen_mailing(mailing, by=by)
    return number


@action(permission=ChannelPermission.MAILING)
def leave_unknowns(mailing: Mailing, *, by: Actor, only: Sequence[int] | None = None) -> int:
    """Take letters of unknown outcome as arrived, each with its touch on the timeline, and return how many."""
    number = 0
    while rows := list(unknown_letters(mailing, only).select_for_update(of=("self",)).order_by("id")[:BATCH]):
        now = timezone.now()
        for row in rows:
            row.mailing, row.state, row.reason, row.settled_at = mailing, State.ACCEPTED, "taken-as-arrived", now
        untouched = [row for row in rows if row.touch is None]
        if untouched:
            record_touches(untouched, now)
        write_rows(rows)
        number += len(rows)
    if number:
        record(by, "mailing.taken_as_arrived", mailing, count=number)
    return number


def letters_of(mailing: Mailing, state: str, actor: Actor) -> DeliveryQuerySet:
    """Return the letters of a mailing in one state that the actor may see, with their customers."""
    rows: DeliveryQuerySet = Delivery.objects.filter(mailing=mailing, state=state).visible_to(actor)
    return rows.select_related("party", "mailing").order_by(F("id").desc())
