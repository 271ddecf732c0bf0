"""The job that hands letters over: claim, check again, hand, note what the server said; a kill repeats nothing.

`handed` is committed before the letter's first byte leaves. A worker that dies before it loses its claim and the letter
goes later; one that dies after it leaves the letter `unknown`, and only a person sends it again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from dialogue.customers.channels.bulk import FOREVER, BulkSender
from dialogue.customers.channels.claims import LEASE, claim_own, free_lost
from dialogue.customers.channels.compose import envelope_sender, signed_letter
from dialogue.customers.channels.models import Delivery, State
from dialogue.customers.channels.policy import Gate
from dialogue.customers.channels.press import envelope_to
from dialogue.customers.channels.settling import end, note_results, write_rows
from dialogue.customers.channels.signals import DeliveriesFact, deliveries_settled
from dialogue.kit.errors import Refusal
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.mail.models import MailServer
from dialogue.platform.mail.outgoing import post_out, real_server
from dialogue.platform.mail.pipelined import Parcel, Post
from dialogue.platform.mail.transport import Result
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.opened import open_company


def send_job(run: JobRun, deliveries: list[int]) -> dict[str, Any]:
    """Hand over the named deliveries that are due; return how many ended how."""
    counts = send_due(deliveries)
    run.advance(sum(counts.values()), len(deliveries))
    return counts


def send_due(only: Sequence[int] | None = None) -> dict[str, int]:
    """Hand over what is due in the open company, or of the named deliveries; return `{state: count}`.

    Own letters go first and between the windows of mailings. Nothing goes while sending is locked.
    """
    counts, _more = send_for(FOREVER, only)
    return counts


def send_for(seconds: float, only: Sequence[int] | None = None) -> tuple[dict[str, int], bool]:
    """Do the same for so many seconds; return the counts and whether letters of mailings are still due."""
    counts: Counter[str] = Counter()
    with transaction.atomic():
        company = open_company()
        server = real_server()
        free_lost(only)
    if company.sending_locked:
        return counts, False
    post = post_of(company, server)
    stayed = server is None or company.is_demo

    def own() -> None:
        while batch := claim_own(only):
            counts.update(_hand_over(batch, company, post, stayed=stayed))

    more = False
    try:
        own()
        if only is None:
            bulk = BulkSender(company, post, stayed=stayed)
            more = bulk.run(until=time.monotonic() + seconds, between=own)
            counts += bulk.counts
    finally:
        post.close()
    return dict(counts), more


def post_of(company: Tenant, server: MailServer | None) -> Post:
    """Return the way out: the demonstration company's letters stay here whatever server is set."""
    with transaction.atomic():
        return post_out(stay=company.is_demo or server is None)


def _hand_over(batch: list[Delivery], company: Tenant, post: Post, *, stayed: bool) -> list[str]:
    """Send one window of own letters and return the states its deliveries ended in."""
    with transaction.atomic():
        ready, stopped = _composed(batch, company, stayed=stayed)
        rows = [row for row, _data in ready]
        going = Delivery.objects.filter(pk__in=[row.pk for row in rows])
        going.update(state=State.HANDED, lease_until=timezone.now() + LEASE, stayed=stayed)
    results: dict[int, Result] = {}
    post.send_all([_parcel(row, data, company) for row, data in ready], results.__setitem__)
    with transaction.atomic():
        note_results(rows, results, company)
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
        if not reason and not stayed and (row.sender is None or not row.sender.is_proven):
            reason = "no-sender"
        try:
            data = b"" if reason else signed_letter(row, company, row.party)
        except (Refusal, ValueError) as error:
            reason, row.answer = "not-composed", str(error)[:500]
        if reason:
            end(row, State.CANCELLED, timezone.now(), reason=reason)
            stopped.append(row)
        else:
            ready.append((row, data))
    write_rows(stopped)
    return ready, stopped


def _parcel(row: Delivery, data: bytes, company: Tenant) -> Parcel:
    return Parcel(row.pk, envelope_sender(row, company), envelope_to(row), data)
