"""Which deliveries a worker takes next: own letters one way, those of mailings window by window, each by one worker only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from dialogue.customers.channels.ledger import BUNDLE, Taken, bundled, free_lost_bundles, take_bundles
from dialogue.customers.channels.models import MOVING, WAITING, Delivery, Mailing, MailingState, State
from dialogue.kit.scope import current_tenant

LEASE = timedelta(minutes=5)
# The unknown set of a crash is at most one window of each worker.
OWN_WINDOW, BULK_WINDOW = 40, BUNDLE
NOT_BEGUN = (State.PLANNED, State.RESERVED)
# Both row versions are read, so that what is remembered of a mailing and its sender is as true as what would be read anew.
DUE = """
SELECT id, version, sender, single FROM (
  SELECT m.id, m.lane, m.xmin::text AS version, i.xmin::text AS sender,
    EXISTS (SELECT 1 FROM channels_delivery d WHERE d.tenant_id = m.tenant_id AND d.mailing_id = m.id
      AND d.state IN ('planned', 'reserved', 'deferred') AND d.due_at <= %(now)s) AS single,
    EXISTS (SELECT 1 FROM channels_bundle b WHERE b.tenant_id = m.tenant_id AND b.mailing_id = m.id
      AND b.state <> 'handed' AND b.due_at <= %(now)s) AS bundled
  FROM channels_mailing m LEFT JOIN mail_senderidentity i ON i.tenant_id = m.tenant_id AND i.id = m.identity_id
  WHERE m.tenant_id = %(tenant)s AND m.state = ANY(%(moving)s)) moving
WHERE single OR bundled ORDER BY lane DESC, id
"""


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
    if only is None:
        free_lost_bundles(now)


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


class Going:
    """The mailings that go, remembered from one window to the next as long as nobody changes them."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, str], Mailing] = {}

    def due(self, now: datetime) -> list[Mailing]:
        """Return those that have letters whose time has come, of the faster lane and the older ones first.

        `has_single` says of each whether some of them have rows of their own.
        """
        with connection.cursor() as cursor:
            cursor.execute(DUE, {"tenant": current_tenant(), "moving": [str(one) for one in MOVING], "now": now})
            flags = {(pk, version, sender): single for pk, version, sender, single in cursor.fetchall()}
        found = list(flags)
        missing = {key[0] for key in found if key not in self._known}
        if missing:
            read = {row.id: row for row in Mailing.objects.filter(pk__in=missing).select_related("identity")}
            self._known = {key: read[key[0]] if key[0] in missing else self._known[key] for key in found}
        for key, single in flags.items():
            self._known[key].has_single = single
        return [self._known[key] for key in found]


def due_mailings(now: datetime) -> list[Mailing]:
    """Return the mailings that go and have letters whose time has come."""
    return Going().due(now)


def claim_window(mailing: Mailing, now: datetime, size: int = BULK_WINDOW) -> Taken | None:
    """Return letters of a mailing that are due, locked by the open transaction: a worker that dies lets them go by itself.

    Those that have a row of their own, tried before or to be sent again, come first. While the transaction lasts the mailing
    cannot be paused or stopped, so nothing goes after a pause but what went before.
    """
    if not _hold(mailing):
        return None
    room = min(size, _canary_room(mailing)) if mailing.state == MailingState.CANARY else size
    if room <= 0:
        return None
    rows = _single(mailing, now, room) if mailing.has_single else []
    return Taken(mailing, [], rows) if rows else take_bundles(mailing, now, room)


def _single(mailing: Mailing, now: datetime, room: int) -> list[Delivery]:
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
            cursor.execute(HAND, [lease, stayed, rows[0].tenant_id, [row.id for row in rows]])


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
    return mailing.canary_letters - begun - bundled(mailing)[State.HANDED]
