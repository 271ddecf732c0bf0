"""What a server's answers mean for deliveries: set statements for the many that went, a look at each that did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.actions import suppress_address
from dialogue.customers.channels.ledger import keep_rows, let_go, settle_taken
from dialogue.customers.channels.mailings import touch_of
from dialogue.customers.channels.models import Delivery, State, SuppressionReason
from dialogue.customers.channels.rules import Bounce, bounce_of, next_delay
from dialogue.customers.parties.details import mark_contact_point
from dialogue.customers.parties.models import ContactKind, ContactPoint
from dialogue.customers.parties.rules import normal_contact
from dialogue.customers.timeline.actions import record_response
from dialogue.customers.timeline.bulk import record_same
from dialogue.kit.actors import system_actor
from dialogue.kit.scope import current_tenant
from dialogue.platform.mail.transport import Outcome, Result
from dialogue.platform.tenants.models import Tenant

STATES = {
    Outcome.ACCEPTED: State.ACCEPTED,
    Outcome.DEFERRED: State.DEFERRED,
    Outcome.REFUSED: State.REFUSED,
    Outcome.UNKNOWN: State.UNKNOWN,
}
# The one answer that takes a letter (RFC 5321, 4.2.3).
TAKEN = 250
# How long a mailing waits for a server that does not answer.
AWAY = timedelta(minutes=1)
WRITTEN = {
    "id": "bigint",
    "state": "text",
    "reason": "text",
    "code": "int",
    "answer": "text",
    "attempts": "int",
    "due_at": "timestamptz",
    "settled_at": "timestamptz",
    "touch": "bigint",
}
WRITE = f"""
UPDATE channels_delivery d SET state = v.state, reason = v.reason, code = v.code, answer = v.answer, attempts = v.attempts,
    due_at = v.due_at, settled_at = v.settled_at, touch = v.touch, lease_until = NULL
FROM unnest({", ".join(f"%s::{kind}[]" for kind in WRITTEN.values())}) v ({", ".join(WRITTEN)})
WHERE d.tenant_id = %s AND d.id = v.id
"""


def write_rows(rows: Sequence[Delivery]) -> None:
    """Write how many deliveries stand now in one statement."""
    if not rows:
        return
    columns = [[getattr(row, name) for row in rows] for name in WRITTEN]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [*columns, current_tenant()])


def note_results(rows: Sequence[Delivery], results: Mapping[int, Result], company: Tenant, bundle: int | None = None) -> None:
    """Note what the server said of a window: states, touches of mailings, and what a refusal means for the card.

    The letters of a bundle get their rows here.
    """
    now = timezone.now()
    for row in rows:
        note_result(row, results[row.id], now)
    arrived: dict[int, list[Delivery]] = {}
    for row in rows:
        if row.state == State.ACCEPTED and row.mailing is not None and row.touch is None:
            arrived.setdefault(row.mailing.pk, []).append(row)
    for letters in arrived.values():
        record_touches(letters, now)
    if bundle is None or not _first_written(rows, bundle, now):
        write_rows(rows)
    for row in rows:
        if row.state == State.REFUSED:
            _returned(row, company, dead=row.reason == "dead-address")


def _first_written(rows: Sequence[Delivery], bundle: int, now: datetime) -> bool:
    """Write the rows of a bundle; return False where somebody took it for lost and wrote them already."""
    one = rows[0]
    if all(row.state == State.ACCEPTED and row.attempts == 1 and row.code == TAKEN for row in rows):
        return settle_taken(bundle, rows, now)
    if not let_go(bundle):
        return False
    if one.mailing is not None:
        keep_rows(one.mailing, rows)
    return True


def record_touches(rows: Sequence[Delivery], at: datetime) -> None:
    """Put letters of one mailing on their customers' timelines in one statement; the rows learn their touches."""
    mailing = rows[0].mailing
    if mailing is None:
        return
    touches = record_same([row.party_id for row in rows], touch_of(mailing, at), by=system_actor(mailing.tenant_id))
    for row in rows:
        row.touch = touches[row.party_id]


def note_result(row: Delivery, result: Result, now: datetime) -> None:
    """Let a row know what the server said; writing it is the caller's."""
    if not_begun(row, result):
        # Nobody was there to hear of this letter: it is no attempt.
        row.code, row.answer = 0, result.text[:500]
        return end(row, State.DEFERRED, now, due=now + AWAY)
    row.attempts = (row.attempts or 0) + 1
    state, reason = STATES[result.outcome], row.reason or ""
    due: datetime | None = None
    if state == State.DEFERRED:
        delay = next_delay(row.attempts)
        if delay is None:
            state, reason = State.REFUSED, "gave-up"
        else:
            due = now + delay
    elif state == State.REFUSED:
        reason = "dead-address" if bounce_of(result.code, result.text) is Bounce.DEAD else "refused"
    # Of a letter of a mailing that went the answer says nothing more.
    plain = state == State.ACCEPTED and row.mailing_id is not None
    row.code, row.answer = result.code, "" if plain else result.text[:500]
    return end(row, state, now, reason=reason, due=due)


def not_begun(row: Delivery, result: Result) -> bool:
    """Return whether a letter of a mailing stays where it was because there was no server to speak to."""
    return row.mailing_id is not None and result.outcome is Outcome.DEFERRED and result.code == 0


def end(row: Delivery, state: str, now: datetime, *, reason: str = "", due: datetime | None = None) -> None:
    """Let a row know how it ended or until when it waits; writing it is the caller's."""
    row.state, row.reason, row.lease_until, row.due_at = state, reason, None, due
    row.settled_at = None if due is not None else now


def _returned(row: Delivery, company: Tenant, *, dead: bool) -> None:
    by = system_actor(company.pk, _("Mail server"))
    words = f"{row.code} {row.answer}".strip()
    facts: dict[str, Any] = {"code": row.code}
    record_response(
        row.party,
        kind="returned",
        touch=row.touch,
        source=row.mailing.source if row.mailing else None,
        way="email",
        subject=words[:300],
        ref=("delivery", row.id),
        facts=facts,
        by=by,
    )
    if dead:
        suppress_address(row.address, reason=SuppressionReason.BOUNCED, evidence=words[:300], by=by)
        normal = normal_contact(ContactKind.EMAIL, row.address, company.country)
        for point in ContactPoint.objects.filter(party=row.party_id, kind=ContactKind.EMAIL, normal=normal):
            mark_contact_point(point, bad=True, by=by)
