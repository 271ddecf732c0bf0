"""Letters of mailings before and after they go: bundles of those that wait, one row a letter once its outcome is known.

A bundle is one row for up to a hundred letters. To hand it over is one update, so that the intent stands in the database before
the first byte leaves; when the server has answered the bundle goes and its deliveries are written, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from dialogue.customers.channels.models import Bundle, Delivery, Mailing, State
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.scope import current_tenant
from dialogue.platform.embedded.writing import int_array, text_array

# What a killed worker leaves unknown is at most one bundle.
BUNDLE = 100
# Places of a domain's pace are given by the letter; letters of one such stretch wait together, for the last of their places.
STRETCH = timedelta(seconds=5)
MORE = 20
PLAN = """
WITH made AS (
  INSERT INTO channels_bundle (tenant_id, mailing_id, state, stayed, due_at, size, letters, parties, addresses, variants)
  SELECT {tenant}, {mailing}, 'planned', false, due_at, count(*), array_agg(letter ORDER BY letter),
    array_agg(party_id ORDER BY letter), array_agg(address ORDER BY letter), array_agg(variant ORDER BY letter)
  FROM (
    SELECT nextval('channels_delivery_id_seq') AS letter, lined.* FROM (
      SELECT party_id, address::text, due_at, variant::text,
        (row_number() OVER (PARTITION BY due_at ORDER BY party_id) - 1) / {size} AS bundle
      FROM (SELECT DISTINCT ON (s.party_id) s.* FROM ({source}) s (party_id, address, due_at, variant){new}
        ORDER BY s.party_id) once ORDER BY due_at, party_id) lined) numbered
  GROUP BY due_at, bundle ORDER BY due_at, bundle
  RETURNING size)
SELECT coalesce(sum(size), 0) FROM made
"""
NEW = """
 WHERE s.party_id NOT IN (SELECT party_id FROM channels_delivery WHERE tenant_id = {tenant} AND mailing_id = {mailing})
   AND s.party_id NOT IN (SELECT unnest(parties) FROM channels_bundle WHERE tenant_id = {tenant} AND mailing_id = {mailing})
"""
TAKE = """
SELECT id, state, due_at, letters, parties, addresses, variants FROM channels_bundle
WHERE tenant_id = %s AND mailing_id = %s AND state <> 'handed' AND due_at <= %s AND size <= %s
ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""
LIVING = "SELECT id, merged_into FROM parties_party WHERE tenant_id = %s AND id = ANY(%s::bigint[])"
# Asked of merged ones only: a planner that has not counted a mailing's rows reads all of them.
HAVING = """
SELECT party_id FROM channels_delivery WHERE tenant_id = %(tenant)s AND mailing_id = %(mailing)s AND party_id = ANY(%(parties)s)
UNION SELECT party FROM channels_bundle b, unnest(b.parties) party
WHERE b.tenant_id = %(tenant)s AND b.mailing_id = %(mailing)s AND party = ANY(%(parties)s)
"""
HAND = "UPDATE channels_bundle SET state = 'handed', lease_until = %s, stayed = %s WHERE tenant_id = %s AND id = %s"
HAND_CHANGED = """
UPDATE channels_bundle SET state = 'handed', lease_until = %s, stayed = %s, size = %s, letters = %s::bigint[], parties = %s::bigint[],
    addresses = %s::text[], variants = %s::text[] WHERE tenant_id = %s AND id = %s
"""
DROP = "DELETE FROM channels_bundle WHERE tenant_id = %s AND id = ANY(%s)"
COLUMNS = (
    "tenant_id, mailing_id, id, party_id, touch, settled_at, code, attempts, stayed, variant, state, address, reason, answer"
)
# The address, the receiver and the letter's text stand in the bundle: only the touches come from here.
SETTLE = f"""
WITH gone AS (
  DELETE FROM channels_bundle WHERE tenant_id = %s AND id = %s RETURNING *)
INSERT INTO channels_delivery ({COLUMNS}) OVERRIDING SYSTEM VALUE
SELECT g.tenant_id, g.mailing_id, w.letter, w.party, w.touch, %s, NULL, NULL, g.stayed, w.variant, 'accepted', w.address, NULL, NULL
FROM gone g, unnest(g.letters, g.parties, g.addresses, g.variants, %s::bigint[]) w (letter, party, address, variant, touch)
ON CONFLICT DO NOTHING
"""
# Of many at once: those that were stopped, those a killed worker left, those of a demonstration.
SETTLE_ALL = f"""
WITH gone AS (
  DELETE FROM channels_bundle WHERE {{which}} RETURNING *)
INSERT INTO channels_delivery ({COLUMNS}) OVERRIDING SYSTEM VALUE
SELECT g.tenant_id, g.mailing_id, w.letter, w.party, NULL, %s, %s, %s, {{stayed}}, w.variant, %s, w.address, %s, ''
FROM gone g, unnest(g.letters, g.parties, g.addresses, g.variants) w (letter, party, address, variant)
JOIN parties_party p ON p.tenant_id = {{tenant}} AND p.id = w.party
ORDER BY w.letter ON CONFLICT DO NOTHING
"""
KEPT = {
    "id": "bigint",
    "party_id": "bigint",
    "touch": "bigint",
    "due_at": "timestamptz",
    "settled_at": "timestamptz",
    "code": "int",
    "attempts": "int",
    "stayed": "bool",
    "variant": "text",
    "state": "text",
    "address": "text",
    "reason": "text",
    "answer": "text",
}
KEEP = f"""
INSERT INTO channels_delivery (tenant_id, mailing_id, {", ".join(KEPT)}) OVERRIDING SYSTEM VALUE
SELECT %s, %s, * FROM unnest({", ".join(f"%s::{kind}[]" for kind in KEPT.values())}) ON CONFLICT DO NOTHING
"""
PUT_OFF = """
INSERT INTO channels_bundle (tenant_id, mailing_id, state, stayed, due_at, size, letters, parties, addresses, variants)
VALUES (%s, %s, %s, false, %s, %s, %s::bigint[], %s::bigint[], %s::text[], %s::text[])
"""
COUNTS = "SELECT state, sum(size) FROM channels_bundle WHERE tenant_id = %s AND mailing_id = %s GROUP BY state"
ON_THEIR_WAY = """
SELECT party, count(*) FROM channels_bundle b JOIN channels_mailing m ON m.tenant_id = b.tenant_id AND m.id = b.mailing_id,
  unnest(b.parties) party
WHERE b.tenant_id = %s AND b.state = 'handed' AND m.purpose = %s AND party = ANY(%s::bigint[]) GROUP BY party
"""
FLYING = """
SELECT b.mailing_id, w.letter, w.party, w.address, w.variant, b.due_at FROM channels_bundle b,
  unnest(b.letters, b.parties, b.addresses, b.variants) w (letter, party, address, variant)
WHERE b.tenant_id = %s AND b.state = 'handed' AND w.letter = ANY(%s::bigint[])
"""
FIELDS = (
    "id", "tenant_id", "party_id", "mailing_id", "message_id", "identity_id", "touch", "due_at", "lease_until", "settled_at",
    "code", "attempts", "stayed", "variant", "channel", "purpose", "state", "address", "reason", "answer",
)  # fmt: skip


@dataclass(slots=True)
class Taken:
    """Letters of one mailing, locked by the open transaction, and the bundles they come from."""

    mailing: Mailing
    bundles: list[int]
    rows: list[Delivery]
    changed: bool = False
    left: list[Delivery] = field(default_factory=list)


def plan_bundles(mailing: Mailing, source: str, params: Any) -> int:
    """Bundle a letter to everybody the source names who has none of this mailing yet; return how many."""
    tenant, pk = int(current_tenant()), int(mailing.pk)
    new = NEW.format(tenant=tenant, mailing=pk) if mailing.letters else ""
    with connection.cursor() as cursor:
        # The numbers are written into the text: the source's own parameters may be named or counted.
        cursor.execute(PLAN.format(tenant=tenant, mailing=pk, size=BUNDLE, source=source, new=new), params or None)
        return int(cursor.fetchone()[0])


def take_bundles(mailing: Mailing, now: datetime, room: int) -> Taken | None:
    """Return letters of a mailing whose time has come, at most `room`, None where there are none.

    Small bundles are taken together. A receiver who has left the base is left out, one who was merged into another stands for
    that one, and nobody is taken who has his letter already.
    """
    tenant = current_tenant()
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [tenant, mailing.pk, now, 32_767, 1])
        found = cursor.fetchall()
        if not found:
            return None
        held = len(found[0][3])
        if held <= room // 2:
            cursor.execute(TAKE, [tenant, mailing.pk, now, room - held, MORE])
            for one in cursor.fetchall():
                if one[0] != found[0][0] and held + len(one[3]) <= room:
                    found.append(one)
                    held += len(one[3])
    rows = [row for one in found for row in _rows(mailing, one)]
    taken = Taken(mailing, [one[0] for one in found], rows[:room], changed=len(found) > 1 or len(rows) > room, left=rows[room:])
    _only_living(taken)
    return taken


def _rows(mailing: Mailing, held: tuple[Any, ...]) -> list[Delivery]:
    """Return the deliveries that the letters of a bundle will be; `held` are its columns as `TAKE` gives them."""
    _bundle, state, due, letters, parties, addresses, variants = held
    tenant = mailing.tenant_id
    rows = []
    for letter, party, address, variant in zip(letters, parties, addresses, variants, strict=True):
        values = (
            letter, tenant, party, mailing.pk, None, None, None, due, None, None, 0, 0, False, variant, None, None, state, address, "", "",
        )  # fmt: skip
        row = Delivery.from_db(None, FIELDS, values)
        row._state.fields_cache["mailing"] = mailing
        rows.append(row)
    return rows


def _only_living(taken: Taken) -> None:
    wanted = [row.party_id for row in taken.rows]
    with connection.cursor() as cursor:
        cursor.execute(LIVING, [taken.mailing.tenant_id, int_array(wanted)])
        found: dict[int, int | None] = dict(cursor.fetchall())
    merged = {into for into in found.values() if into is not None}
    if not merged and len(found) == len(wanted):
        return
    free = merged - _having(taken.mailing, merged)
    rows = []
    for row in taken.rows:
        if row.party_id not in found:
            continue
        into = found[row.party_id]
        if into is not None and into in free:
            row.party_id = into
            free.discard(into)
            taken.changed = True
        rows.append(row)
    taken.changed = taken.changed or len(rows) < len(taken.rows)
    taken.rows = rows


def _having(mailing: Mailing, parties: Iterable[int]) -> set[int]:
    """Return which customers have a letter of the mailing, gone or waiting."""
    with connection.cursor() as cursor:
        cursor.execute(HAVING, {"tenant": mailing.tenant_id, "mailing": mailing.pk, "parties": list(parties)})
        return {pk for (pk,) in cursor.fetchall()}


def hand_bundles(taken: Taken, going: Sequence[Delivery], lease: datetime, *, stayed: bool) -> int | None:
    """Note, before their first byte leaves, which of the letters taken go; return the bundle that holds them now."""
    tenant, (first, *others) = current_tenant(), taken.bundles
    gone = others if going else taken.bundles
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(DROP, [tenant, gone])
        if not going:
            return None
        if taken.changed or len(going) < len(taken.rows):
            cursor.execute(HAND_CHANGED, [lease, stayed, len(going), *_columns(going), tenant, first])
        else:
            cursor.execute(HAND, [lease, stayed, tenant, first])
    return first


def _columns(rows: Sequence[Delivery]) -> list[str]:
    return [_array([getattr(row, name) for row in rows], KEPT[name]) for name in ("id", "party_id", "address", "variant")]


def _array(values: Sequence[Any], kind: str) -> str:
    if kind in {"bigint", "int"}:
        return int_array(values)
    return text_array([None if one is None else one.isoformat() if isinstance(one, datetime) else str(one) for one in values])


def put_off(mailing: Mailing, rows: Sequence[Delivery]) -> None:
    """Let letters wait until their `due_at`, those of one stretch of time together."""
    together: dict[tuple[str, datetime], list[Delivery]] = {}
    for row in rows:
        due = row.due_at or datetime.now(UTC)
        if row.state == State.RESERVED:
            due = datetime.fromtimestamp(-(-due.timestamp() // STRETCH.seconds) * STRETCH.seconds, UTC)
        together.setdefault((str(row.state), due), []).append(row)
    with connection.cursor() as cursor:
        for (state, due), some in together.items():
            cursor.execute(PUT_OFF, [current_tenant(), mailing.pk, state, due, len(some), *_columns(some)])


def keep_rows(mailing: Mailing, rows: Sequence[Delivery]) -> None:
    """Write deliveries of a mailing as they stand, for the first time."""
    if rows:
        with connection.cursor() as cursor:
            columns = [_array([getattr(row, name) for row in rows], kind) for name, kind in KEPT.items()]
            cursor.execute(KEEP, [current_tenant(), mailing.pk, *columns])


def let_go(bundle: int) -> bool:
    """Remove a bundle whose letters are settled; return whether it was there and nobody took it for lost."""
    with connection.cursor() as cursor:
        cursor.execute(DROP, [current_tenant(), [bundle]])
        return bool(cursor.rowcount)


def settle_taken(bundle: int, rows: Sequence[Delivery], at: datetime) -> bool:
    """Write the deliveries of a bundle whose letters the server took, each at once; return whether it was still there."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, [current_tenant(), bundle, at, int_array(row.touch for row in rows)])
        return bool(cursor.rowcount)


def free_lost_bundles(now: datetime) -> int:
    """Write the letters of silent workers as unknown and return how many those were."""
    which = "tenant_id = %s AND state = 'handed' AND lease_until < %s"
    return _settle_all(which, [current_tenant(), now], at=now, state=State.UNKNOWN, reason="worker-lost")


def settle_waiting(
    mailing: Mailing, at: datetime, *, state: str, reason: str = "", code: int = 0, attempts: int = 0, stayed: bool = False
) -> int:
    """Write all letters of a mailing that wait in bundles with one outcome, and return how many those were."""
    which = "tenant_id = %s AND mailing_id = %s AND state <> 'handed'"
    given = [current_tenant(), mailing.pk]
    return _settle_all(which, given, at=at, state=state, reason=reason, code=code, attempts=attempts, stayed=stayed)


def _settle_all(
    which: str,
    given: list[Any],
    *,
    at: datetime,
    state: str,
    reason: str = "",
    code: int = 0,
    attempts: int = 0,
    stayed: bool | None = None,
) -> int:
    said = "g.stayed" if stayed is None else str(stayed).lower()
    with connection.cursor() as cursor:
        sql = SETTLE_ALL.format(which=which, stayed=said, tenant=int(current_tenant()))
        cursor.execute(sql, [*given, at, code, attempts, str(state), reason])
        return int(cursor.rowcount)


def bundled(mailing: Mailing) -> Counter[str]:
    """Return how many letters of a mailing wait in bundles or are on their way, by state."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [current_tenant(), mailing.pk])
        return Counter({state: int(number) for state, number in cursor.fetchall()})


def bundle_of(mailing: Mailing, state: str, actor: Actor, before: int | None) -> tuple[list[Delivery], int | None]:
    """Return letters of one bundle that the actor may see, and after which bundle to ask on, None at the end."""
    bundles = Bundle.objects.filter(mailing=mailing, state=state).order_by("-id")
    if before is not None:
        bundles = bundles.filter(pk__lt=before)
    found = list(bundles[:2])
    if not found:
        return [], None
    one = found[0]
    rows = _rows(mailing, _columns_of(one))
    parties = {party.pk: party for party in Party.objects.visible_to(actor).filter(pk__in=one.parties)}
    seen = [row for row in rows if row.party_id in parties]
    for row in seen:
        row.party = parties[row.party_id]
    return seen, one.pk if len(found) > 1 else None


def on_their_way(parties: Sequence[int], purpose: str) -> Counter[int]:
    """Return how many letters of mailings with a purpose are with the server for each of the customers."""
    with connection.cursor() as cursor:
        cursor.execute(ON_THEIR_WAY, [current_tenant(), str(purpose), int_array(parties)])
        return Counter(dict(cursor.fetchall()))


def flying_letters(letters: Iterable[int]) -> list[Delivery]:
    """Return those of the letters that are with the server now, as the deliveries they will be.

    Whoever gets one may follow a link or answer before the server has told us that it took the letter.
    """
    with connection.cursor() as cursor:
        cursor.execute(FLYING, [current_tenant(), int_array(letters)])
        found = cursor.fetchall()
    mailings = {row.id: row for row in Mailing.objects.filter(pk__in={one[0] for one in found})} if found else {}
    return [
        row
        for mailing, letter, party, address, variant, due in found
        for row in _rows(mailings[mailing], (0, State.HANDED, due, [letter], [party], [address], [variant]))
    ]


def waiting_letters(mailing: Mailing) -> list[Delivery]:
    """Return all letters of a mailing that wait in bundles or are on their way, as the deliveries they will be."""
    found = Bundle.objects.filter(mailing=mailing).order_by("due_at", "pk")
    return [row for one in found for row in _rows(mailing, _columns_of(one))]


def _columns_of(one: Bundle) -> tuple[Any, ...]:
    return one.pk, one.state, one.due_at, one.letters, one.parties, one.addresses, one.variants
