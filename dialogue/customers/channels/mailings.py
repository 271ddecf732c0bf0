"""Verbs over mailings: open one for a cause, plan its letters in one statement, begin, pause, go on, stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from dialogue.customers.channels.ledger import bundled, plan_bundles, settle_waiting
from dialogue.customers.channels.models import (
    MAILING_TRANSITIONS,
    WAITING,
    Delivery,
    Lane,
    Mailing,
    MailingState,
    State,
)
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.policy import refuse_locked, sender_for
from dialogue.customers.channels.signals import MailingFact, mailing_moved
from dialogue.customers.parties.models import Purpose
from dialogue.customers.timeline.bulk import Same
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.tenants.opened import open_company

MAILING_TASK = "dialogue.send_mailings"
CANARY_LEAST = 20
Source = tuple[str, Sequence[Any] | Mapping[str, Any]]


@action(permission=ChannelPermission.MAILING)
def open_mailing(
    cause_kind: str,
    cause_id: int,
    *,
    title: str,
    by: Actor,
    source: int | None = None,
    identity: SenderIdentity | None = None,
    purpose: str = Purpose.MARKETING,
    lane: str = Lane.BULK,
    canary: int = 1,
    canary_minutes: int = 15,
) -> Mailing:
    """Return the mailing of a cause, made where there is none; `canary` percent of its letters will go first (0: none).

    Raises:
        SendingLocked, NoSender: as for a letter.
    """
    company = open_company()
    refuse_locked(company)
    known = Mailing.objects.of_cause(cause_kind, cause_id).first()
    if known is not None:
        return known
    mailing: Mailing = Mailing.objects.create(
        cause_kind=cause_kind,
        cause_id=cause_id,
        title=title[:200],
        source=source,
        identity=sender_for(company, identity),
        purpose=purpose,
        lane=lane,
        canary=canary,
        canary_minutes=canary_minutes,
    )
    record(by, "mailing.opened", mailing, title=mailing.title)
    return mailing


@action(permission=ChannelPermission.MAILING)
def plan_deliveries(mailing: Mailing, source: Source, *, by: Actor) -> int:
    """Plan a letter of the mailing to everybody the source names, in one statement; return how many are new.

    The letters wait in bundles: deliveries are written once it is known how they ended.

    The source is SQL with its parameters that gives exactly (party_id bigint, address text, due_at timestamptz, variant text).
    Who has a letter of this mailing already keeps it.

    Raises:
        Conflict: the mailing was stopped.
    """
    row = _locked(mailing)
    if row.state == MailingState.CANCELLED:
        raise Conflict(_("To plan letters open another mailing: this one was stopped."))
    planned = plan_bundles(row, *source)
    row.letters += planned
    row.canary_letters = canary_size(row.letters, row.canary)
    row.save()
    record(by, "mailing.planned", row, count=planned)
    return planned


def canary_size(letters: int, percent: int) -> int:
    """Return how many letters go first: the percentage, at least 20; none where that would be half of all or more."""
    if not percent:
        return 0
    size = max(CANARY_LEAST, -(-letters * percent // 100))
    return size if size * 2 < letters else 0


@action(permission=ChannelPermission.MAILING)
def start_mailing(mailing: Mailing, *, by: Actor) -> Mailing:
    """Let the letters go, a small part first where the mailing has one; return the mailing.

    Raises:
        Conflict: it has begun already or was stopped.
        SendingLocked: the company's data was restored and sending not unlocked.
    """
    refuse_locked(open_company())
    row = _locked(mailing)
    row.canary_passed = row.canary_letters == 0
    row.started_at = timezone.now()
    return _go(row, "mailing.started", by)


@action(permission=ChannelPermission.MAILING)
def resume_mailing(mailing: Mailing, *, by: Actor) -> Mailing:
    """Let a paused mailing go on and return it; after a bad first part this is a person's word that the rest may go.

    Raises:
        Conflict: it is not paused.
        SendingLocked: the company's data was restored and sending not unlocked.
    """
    refuse_locked(open_company())
    row = _locked(mailing)
    if row.state != MailingState.PAUSED:
        raise Conflict(_("To go on the mailing must be paused; this one is “%(state)s”.") % {"state": row.get_state_display()})
    if row.paused_why.startswith("canary"):
        row.canary_passed = True
    row.paused_why = row.paused_words = ""
    return _go(row, "mailing.resumed", by)


def _go(row: Mailing, event: str, by: Actor) -> Mailing:
    move_mailing(row, MailingState.GOING if row.canary_passed else MailingState.CANARY, event=event, by=by)
    queue_mailings(row.tenant_id)
    return row


def queue_mailings(tenant: int) -> None:
    """Ask a worker, in the caller's transaction, to send what the company's mailings have due; asked twice is once."""
    asked = f"mailings-{tenant}"
    if not ProcrastinateJob.objects.filter(queueing_lock=asked, status="todo").exists():
        # One worker of the installation sends mailings at a time, so that the others are free for everything else.
        app.configure_task(MAILING_TASK, lock="mailings", queueing_lock=asked, priority=-5).defer(tenant=tenant)


def reopen_mailing(mailing: Mailing, *, by: Actor) -> None:
    """Let a mailing that was done go again for letters that are sent once more."""
    row = _locked(mailing)
    if row.state == MailingState.DONE:
        row.ended_at = None
        move_mailing(row, MailingState.GOING, event="mailing.resumed", by=by)
    if row.is_moving:
        queue_mailings(row.tenant_id)


@action(permission=ChannelPermission.MAILING)
def pause_mailing(mailing: Mailing, *, by: Actor, why: str = "by-hand", words: str = "") -> Mailing:
    """Hold the letters that have not gone and return the mailing; those being handed over now still end.

    Raises:
        Conflict: it does not go.
    """
    row = _locked(mailing)
    row.paused_why, row.paused_words = why[:40], words[:300]
    return move_mailing(row, MailingState.PAUSED, event="mailing.paused", by=by)


@action(permission=ChannelPermission.MAILING)
def cancel_mailing(mailing: Mailing, *, by: Actor) -> Mailing:
    """Stop the mailing for good: what has not gone never goes; return it.

    Raises:
        Conflict: everything has gone.
    """
    row = _locked(mailing)
    row.ended_at = timezone.now()
    move_mailing(row, MailingState.CANCELLED, event="mailing.cancelled", by=by)
    Delivery.objects.filter(mailing=row, state__in=WAITING).update(
        state=State.CANCELLED, reason="mailing-stopped", due_at=None, settled_at=row.ended_at
    )
    settle_waiting(row, row.ended_at, state=State.CANCELLED, reason="mailing-stopped")
    return row


def move_mailing(row: Mailing, state: str, *, event: str, by: Actor) -> Mailing:
    """Change the state of a locked mailing, record it, tell it and return the mailing.

    Raises:
        Conflict: the change is not one of the state machine.
    """
    if state not in MAILING_TRANSITIONS[row.state]:
        raise Conflict(
            _("This mailing is “%(state)s”: to change that is no longer possible.") % {"state": row.get_state_display()}
        )
    before, row.state = row.state, state
    row.save()
    record(by, event, row, changes={"state": [before, state]}, **({"why": row.paused_why} if row.paused_why else {}))
    mailing_moved.tell(MailingFact(row, before, by))
    return row


def _locked(mailing: Mailing) -> Mailing:
    return Mailing.objects.select_for_update().get(pk=mailing.pk)


def touch_of(mailing: Mailing, at: datetime) -> Same:
    """Return what the touches of a mailing's letters have in common on the timeline."""
    # The campaign tells whose letter it was; a mailing of none is named itself.
    ref = ("mailing", mailing.pk) if mailing.source is None else None
    return Same(kind="letter", way="email", at=at, source=mailing.source, ref=ref)


def mailing_counts(mailing: Mailing) -> dict[str, int]:
    """Return `{state: how many of its letters}`; states nobody is in are left out."""
    found = Delivery.objects.filter(mailing=mailing).values_list("state").annotate(n=Count("*")).order_by("state")
    return dict(bundled(mailing) + Counter(dict(found)))
