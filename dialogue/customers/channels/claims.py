"""Which deliveries a worker takes next: own letters one way, those of mailings window by window, each by one worker only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from dialogue.customers.channels.models import MOVING, WAITING, Delivery, Mailing, MailingState, State

LEASE = timedelta(minutes=5)
# The unknown set of a crash is at most one window of each worker.
OWN_WINDOW, BULK_WINDOW = 40, 100
NOT_BEGUN = (State.PLANNED, State.RESERVED)


def free_lost(only: Sequence[int] | None = None) -> None:
    """Settle what a silent worker left: claimed goes back to waiting, handed becomes unknown."""
    now = timezone.now()
    lost = Delivery.objects.lost(now)
    if only is not None:
        lost = lost.filter(pk__in=only)
    lost.filter(state=State.CLAIMED).update(state=State.PLANNED, lease_until=None)
    lost.filter(state=State.HANDED).update(
        state=State.UNKNOWN, settled_at=now, lease_until=None, due_at=None, reason="worker-lost"
    )


def claim_own(only: Sequence[int] | None) -> list[Delivery]:
    """Return own letters that are due, now held by this worker."""
    now = timezone.now()
    with transaction.atomic():
        due = Delivery.objects.due(now)
        due = due.own() if only is None else due.filter(pk__in=only)
        due = due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id")
        rows = list(due.values_list("pk", flat=True)[:OWN_WINDOW])
        if not rows:
            return []
        Delivery.objects.filter(pk__in=rows).update(state=State.CLAIMED, lease_until=now + LEASE)
        return list(
            Delivery.objects.filter(pk__in=rows)
            .select_related("message", "identity", "mailing__identity", "party__company")
            .order_by("due_at", "id")
        )


def due_mailings(now: datetime) -> list[Mailing]:
    """Return the mailings that go and have letters whose time has come, those of the faster lane and the older ones first."""
    waiting = Delivery.objects.filter(mailing=OuterRef("pk"), state__in=WAITING, due_at__lte=now)
    found = Mailing.objects.moving().filter(Exists(waiting)).select_related("identity")
    return list(found.order_by("-lane", "id"))


def claim_window(mailing: Mailing, now: datetime, size: int = BULK_WINDOW) -> list[Delivery]:
    """Return letters of a mailing that are due, locked by the open transaction: a worker that dies lets them go by itself.

    While the transaction lasts the mailing cannot be paused or stopped, so nothing goes after a pause but what went before.
    """
    if not _hold(mailing):
        return []
    room = min(size, _canary_room(mailing)) if mailing.state == MailingState.CANARY else size
    if room <= 0:
        return []
    rows = list(
        Delivery.objects.filter(mailing=mailing, state__in=WAITING, due_at__lte=now)
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("due_at", "id")[:room]
    )
    for row in rows:
        row.mailing = mailing
    return rows


HAND = """
UPDATE channels_delivery SET state = 'handed', lease_until = %s, stayed = %s WHERE tenant_id = %s AND id = ANY(%s)
"""


def hand(rows: Sequence[Delivery], lease: datetime, *, stayed: bool) -> None:
    """Note, before their first byte leaves, that locked letters are handed over."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(HAND, [lease, stayed, rows[0].tenant_id, [row.pk for row in rows]])


def _hold(mailing: Mailing) -> bool:
    # Workers share a mailing that goes; of its first part only one takes at a time, because its size is counted.
    lock = "UPDATE" if mailing.state == MailingState.CANARY else "SHARE"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT state FROM channels_mailing WHERE tenant_id = %s AND id = %s AND state = ANY(%s) FOR {lock}",
            [mailing.tenant_id, mailing.pk, [str(mailing.state)]],
        )
        return cursor.fetchone() is not None and mailing.state in MOVING


def _canary_room(mailing: Mailing) -> int:
    begun = Delivery.objects.filter(mailing=mailing).exclude(state__in=NOT_BEGUN).count()
    return mailing.canary_letters - begun
