"""The job that hands letters over: claim, check again, hand, note what the server said; a kill repeats nothing.

`handed` is committed before the letter's first byte leaves. A worker that dies before it loses its claim and the letter
goes later; one that dies after it leaves the letter `unknown`, and only a person sends it again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.actions import suppress_address
from dialogue.customers.channels.compose import envelope_sender, signed_letter
from dialogue.customers.channels.models import Delivery, State, SuppressionReason
from dialogue.customers.channels.policy import Gate, open_company
from dialogue.customers.channels.rules import Bounce, bounce_of, next_delay
from dialogue.customers.channels.signals import DeliveriesFact, deliveries_settled
from dialogue.customers.parties.details import mark_contact_point
from dialogue.customers.parties.models import ContactKind, ContactPoint
from dialogue.customers.parties.rules import normal_contact
from dialogue.customers.timeline.actions import record_response
from dialogue.kit.actors import system_actor
from dialogue.kit.errors import Refusal
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.mail.models import MailServer
from dialogue.platform.mail.outgoing import post_out, real_server
from dialogue.platform.mail.pipelined import Parcel, Post
from dialogue.platform.mail.transport import Outcome, Result
from dialogue.platform.tenants.models import Tenant

log = logging.getLogger(__name__)
# The unknown set of a crash is at most one window: four letters a connection keep all of them busy.
WINDOW = 40
SETTLED = ("state", "reason", "lease_until", "settled_at", "attempts", "code", "answer", "stayed", "updated_at")
LEASE = timedelta(minutes=5)
STATES = {
    Outcome.ACCEPTED: State.ACCEPTED,
    Outcome.DEFERRED: State.DEFERRED,
    Outcome.REFUSED: State.REFUSED,
    Outcome.UNKNOWN: State.UNKNOWN,
}


def send_job(run: JobRun, deliveries: list[int]) -> dict[str, Any]:
    """Hand over the named deliveries that are due; return how many ended how."""
    counts = send_due(deliveries, advance=run.advance)
    run.advance(sum(counts.values()), len(deliveries))
    return counts


def send_due(only: Sequence[int] | None = None, *, advance: Any = None) -> dict[str, int]:
    """Hand over what is due in the open company and return `{state: count}`; nothing while sending is locked."""
    counts: dict[str, int] = {}
    with transaction.atomic():
        company = open_company()
        server = real_server()
        free_lost(only)
    if company.sending_locked:
        return counts
    post = post_of(company, server)
    try:
        while batch := _claim(only):
            for state in _hand_over(batch, company, post, stayed=server is None or company.is_demo):
                counts[state] = counts.get(state, 0) + 1
            if advance is not None:
                advance(sum(counts.values()))
    finally:
        post.close()
    return counts


def post_of(company: Tenant, server: MailServer | None) -> Post:
    """Return the way out: the demonstration company's letters stay here whatever server is set."""
    with transaction.atomic():
        return post_out(stay=company.is_demo or server is None)


def free_lost(only: Sequence[int] | None = None) -> None:
    """Settle what a silent worker left: claimed goes back to waiting, handed becomes unknown."""
    now = timezone.now()
    lost = Delivery.objects.lost(now)
    if only is not None:
        lost = lost.filter(pk__in=only)
    lost.filter(state=State.CLAIMED).update(state=State.PLANNED, lease_until=None)
    lost.filter(state=State.HANDED).update(state=State.UNKNOWN, settled_at=now, lease_until=None, reason="worker-lost")


def _claim(only: Sequence[int] | None) -> list[Delivery]:
    now = timezone.now()
    with transaction.atomic():
        due = Delivery.objects.due(now)
        if only is not None:
            due = due.filter(pk__in=only)
        rows = list(due.select_for_update(skip_locked=True).order_by("due_at", "id")[:WINDOW])
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.CLAIMED, lease_until=now + LEASE)
        return list(
            Delivery.objects.filter(pk__in=[row.pk for row in rows])
            .select_related("message", "identity", "party__company")
            .order_by("due_at", "id")
        )


def _hand_over(batch: list[Delivery], company: Tenant, post: Post, *, stayed: bool) -> list[str]:
    """Send one window and return the states its deliveries ended in."""
    with transaction.atomic():
        ready, stopped = _composed(batch, company, stayed=stayed)
        rows = [row for row, _data in ready]
        going = Delivery.objects.filter(pk__in=[row.pk for row in rows])
        going.update(state=State.HANDED, lease_until=timezone.now() + LEASE, stayed=stayed)
    results: dict[int, Result] = {}
    post.send_all([_parcel(row, data, company) for row, data in ready], results.__setitem__)
    with transaction.atomic():
        for row in rows:
            note_result(row, results[row.pk], company)
        Delivery.objects.bulk_update([row for row in rows if row.state == State.ACCEPTED], SETTLED)
        deliveries_settled.tell(DeliveriesFact([row for row in [*stopped, *rows] if not row.is_open]))
    return [row.state for row in [*stopped, *rows]]


def _composed(batch: list[Delivery], company: Tenant, *, stayed: bool) -> tuple[list[tuple[Delivery, bytes]], list[Delivery]]:
    """Return the deliveries that go, each with its letter, and those that are stopped here."""
    ready: list[tuple[Delivery, bytes]] = []
    stopped: list[Delivery] = []
    gate = Gate.of(batch)
    for row in batch:
        row.stayed = stayed
        reason = gate.stopped.get(row.pk, "")
        if not reason and not stayed and (row.identity is None or not row.identity.is_proven):
            reason = "no-sender"
        try:
            data = b"" if reason else signed_letter(row, company, row.party)
        except (Refusal, ValueError) as error:
            reason, row.answer = "not-composed", str(error)[:500]
        if reason:
            _settle(row, State.CANCELLED, reason=reason)
            stopped.append(row)
        else:
            ready.append((row, data))
    return ready, stopped


def _parcel(row: Delivery, data: bytes, company: Tenant) -> Parcel:
    return Parcel(row.pk, envelope_sender(row, company), _envelope_to(row), data)


def _envelope_to(row: Delivery) -> str:
    from_point = normal_contact(ContactKind.EMAIL, row.address, "")
    # The local part goes as it was given: only its owner knows whether case matters (RFC 5321, 2.4).
    return f"{row.address.rpartition('@')[0]}@{from_point.rpartition('@')[2]}"


def _settle(row: Delivery, state: str, *, reason: str = "") -> None:
    row.state, row.reason, row.lease_until = state, reason or row.reason, None
    row.updated_at = timezone.now()
    row.settled_at = row.updated_at if state not in {State.DEFERRED, State.PLANNED} else None
    # Accepted ones are written together.
    if state != State.ACCEPTED:
        row.save()


def note_result(row: Delivery, result: Result, company: Tenant) -> None:
    """Note what the server said; a refused address is noted on the card and not written to again.

    The row of an accepted letter is left to the caller to write, with all others of its window.
    """
    row.attempts += 1
    row.code, row.answer = result.code, result.text[:500]
    state = STATES[result.outcome]
    if state == State.DEFERRED:
        delay = next_delay(row.attempts)
        if delay is None:
            return _returned(row, company, reason="gave-up", dead=False)
        row.due_at = timezone.now() + delay
    if state == State.REFUSED:
        return _returned(row, company, reason="refused", dead=bounce_of(result.code, result.text) is Bounce.DEAD)
    _settle(row, state)
    return None


def _returned(row: Delivery, company: Tenant, *, reason: str, dead: bool) -> None:
    _settle(row, State.REFUSED, reason="dead-address" if dead else reason)
    by = system_actor(company.pk, _("Mail server"))
    words = f"{row.code} {row.answer}".strip()
    record_response(
        row.party,
        kind="returned",
        touch=row.touch,
        subject=words[:300],
        ref=("delivery", row.pk),
        facts={"code": row.code},
        by=by,
    )
    if dead:
        suppress_address(row.address, reason=SuppressionReason.BOUNCED, evidence=words[:300], by=by)
        normal = normal_contact(ContactKind.EMAIL, row.address, company.country)
        for point in ContactPoint.objects.filter(party=row.party_id, kind=ContactKind.EMAIL, normal=normal):
            mark_contact_point(point, bad=True, by=by)
