"""Links followed and letters opened: answered first, written in bulk; only a person's first one becomes a response."""

from __future__ import annotations

import atexit
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from multiprocessing.util import Finalize

from django.db import close_old_connections, connection, transaction
from django.db.models import Q
from django.utils import timezone

from dialogue.customers.channels.models import Hit, HitKind
from dialogue.customers.channels.rules import WALK_WINDOW, Judged, Verdict, walked
from dialogue.customers.timeline.actions import record_entries, remove_entries
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import tenant_scope
from dialogue.kit.statement import one_of
from dialogue.platform.embedded.writing import int_array, text_array
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of

log = logging.getLogger(__name__)
FLUSH_SECONDS = 0.3
HELD, BATCH = 4_000, 1_000
PATIENCE_SECONDS = 2.0


KEEP = """
INSERT INTO channels_hit (tenant_id, at, delivery, kind, target, verdict, rule, counted)
SELECT %s, * FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[])
ON CONFLICT DO NOTHING
"""
# Scanners follow links while the server has not yet told us that it took the letter: then its bundle knows whose it is.
KNOWN = """
SELECT d.id, d.party_id, d.touch, d.mailing_id IS NOT NULL, m.source FROM channels_delivery d
LEFT JOIN channels_mailing m ON m.tenant_id = d.tenant_id AND m.id = d.mailing_id
WHERE d.tenant_id = %(tenant)s AND d.id = ANY(%(letters)s::bigint[])
UNION ALL
SELECT w.letter, w.party, NULL, true, m.source FROM channels_bundle b
JOIN channels_mailing m ON m.tenant_id = b.tenant_id AND m.id = b.mailing_id, unnest(b.letters, b.parties) w (letter, party)
WHERE b.tenant_id = %(tenant)s AND b.state = 'handed' AND w.letter = ANY(%(letters)s::bigint[])
"""


@frozen
class Behind:
    """The letter behind a request: whose it is, its touch, its campaign where it is one of a mailing."""

    party: int
    touch: int | None
    of_mailing: bool
    source: int | None


@frozen
class Seen:
    """One request as the second origin saw it."""

    at: datetime
    tenant: int
    delivery: int
    kind: HitKind
    url: str
    judged: Judged

    @property
    def target(self) -> str:
        """A short name of where it led."""
        return _target(self.url)


@lru_cache(maxsize=4096)
def _target(url: str) -> str:
    return sha256(url.encode()).hexdigest()[:32] if url else ""


class Basket:
    """Requests not yet written. A full basket lets callers wait, and drops the newest when that does not help.

    A flood must not take the memory; that it is answered slower loses nothing.
    """

    def __init__(self) -> None:
        self._held: list[Seen] = []
        self._room = threading.Condition()
        self._much = threading.Event()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._writes = False
        self._thread: threading.Thread | None = None

    def put(self, seen: Seen) -> None:
        """Hold one request until the next writing."""
        with self._room:
            self._wake()
            if self._writes and len(self._held) >= HELD:
                self._room.wait(PATIENCE_SECONDS)
            if len(self._held) < HELD:
                self._held.append(seen)
            if len(self._held) >= BATCH:
                self._much.set()

    def flush(self) -> int:
        """Write what is held and return how many requests that were."""
        with self._writing:
            with self._room:
                held, self._held = self._held, []
                self._room.notify_all()
            if held:
                write_hits(held)
            return len(held)

    def start(self) -> None:
        """Write in the background from now on, and once more at the end of the process."""
        if not self._writes:
            self._writes = True
            atexit.register(self.stop)

    def _wake(self) -> None:
        # Begun by the first request: a server loads the application before it forks, and threads do not survive that.
        if self._writes and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run, name="hits", daemon=True)
            self._thread.start()
            # A server's worker is a child process: it ends without running what `atexit` knows.
            Finalize(None, self.stop, exitpriority=100)

    def stop(self) -> None:
        """Stop writing in the background and write what is left."""
        self._stop.set()
        self._much.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
            self._thread = None
        self._flush_quietly()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._much.wait(FLUSH_SECONDS)
            self._much.clear()
            self._flush_quietly()

    def _flush_quietly(self) -> None:
        try:
            self.flush()
        except Exception:
            log.exception("hits were lost")
        finally:
            close_old_connections()


basket = Basket()


def see(tenant: int, delivery: int, kind: HitKind, judged: Judged, url: str = "") -> None:
    """Note one request of the second origin."""
    basket.put(Seen(timezone.now(), tenant, delivery, kind, url, judged))


def write_hits(seen: Iterable[Seen]) -> None:
    """Write requests of any companies; each company in its own transaction."""
    by_tenant: dict[int, list[Seen]] = defaultdict(list)
    for one in seen:
        by_tenant[one.tenant].append(one)
    for tenant, hits in by_tenant.items():
        with tenant_scope(tenant), transaction.atomic():
            _write(tenant, hits)


def _write(tenant: int, hits: list[Seen]) -> None:
    company = Tenant.objects.filter(pk=tenant).first()
    known = _known(tenant, hits)
    hits = [one for one in hits if one.delivery in known]
    if company is None or not hits:
        return
    before = list(Hit.objects.filter(one_of("delivery", int_array({one.delivery for one in hits}))).filter(_of_interest(hits)))
    shown = _walks(hits, before, by=system_actor(tenant))
    counted = {(hit.delivery, hit.kind, hit.target) for hit in before if hit.counted}
    rows, drafts = [], []
    for number, one in enumerate(hits):
        judged = Judged(Verdict.MACHINE, shown[number]) if number in shown else one.judged
        mark = (one.delivery, str(one.kind), one.target)
        first = _counts(one, judged, company) and mark not in counted
        if first:
            counted.add(mark)
            drafts.append(_draft(one, known[one.delivery]))
        rows.append((one.at.isoformat(), one.delivery, one.kind, one.target, judged.verdict, judged.rule, str(first)))
    columns = list(zip(*rows, strict=True))
    # Another process may count the same link at this moment: the constraint lets one of them through.
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [tenant, text_array(columns[0]), int_array(columns[1]), *map(text_array, columns[2:])])
    _name_campaigns(drafts, known)
    # Nobody looks for a customer by the address of a link: its words would take more room than all else.
    record_entries(drafts, by=system_actor(tenant), cause="second origin", found=False)


def _known(tenant: int, hits: list[Seen]) -> dict[int, Behind]:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, {"tenant": tenant, "letters": int_array({one.delivery for one in hits})})
        return {pk: Behind(*behind) for pk, *behind in cursor.fetchall()}


def _of_interest(hits: list[Seen]) -> Q:
    """Return which earlier requests matter: those that were counted, and links of the last moments."""
    return Q(counted=True) | Q(kind=HitKind.LINK, at__gte=min(one.at for one in hits) - WALK_WINDOW)


def _name_campaigns(drafts: list[EntryDraft], known: Mapping[int, Behind]) -> None:
    touches = {one.touch for one in known.values() if one.touch is not None and not one.of_mailing}
    sources = dict(Entry.objects.filter(one_of("id", int_array(touches))).values_list("pk", "source")) if touches else {}
    for draft in drafts:
        behind = known[draft.ref_id or 0]
        draft.source = behind.source if behind.of_mailing else sources.get(behind.touch or 0)


def _counts(one: Seen, judged: Judged, company: Tenant) -> bool:
    if judged.verdict != Verdict.HUMAN:
        return False
    return one.kind == HitKind.LINK or bool(setting_of(company, "mail_follow_opens"))


def _walks(hits: list[Seen], before: list[Hit], *, by: Actor) -> dict[int, str]:
    """Return `{place in hits: rule}` of links a scanner followed; what it was believed a moment before is taken back."""
    links: dict[int, list[tuple[int, Seen]]] = defaultdict(list)
    for number, one in enumerate(hits):
        if one.kind == HitKind.LINK:
            links[one.delivery].append((number, one))
    if not links:
        return {}
    since = min(one.at for asked in links.values() for _number, one in asked) - WALK_WINDOW
    recent: dict[int, list[Hit]] = defaultdict(list)
    for hit in before:
        if hit.kind == HitKind.LINK and hit.at >= since:
            recent[hit.delivery].append(hit)
    found: dict[int, str] = {}
    believed: list[Hit] = []
    for delivery, asked in links.items():
        kept = recent[delivery]
        rules = walked([(hit.at, hit.target) for hit in kept] + [(one.at, one.target) for _number, one in asked])
        for hit, rule in zip(kept, rules, strict=False):
            if rule and hit.verdict != Verdict.MACHINE:
                hit.rule = rule
                believed.append(hit)
        found.update({number: rule for (number, _one), rule in zip(asked, rules[len(kept) :], strict=True) if rule})
    _take_back(believed, by=by)
    return found


def _take_back(hits: list[Hit], *, by: Actor) -> None:
    """Judge requests anew that looked like a person's until the scanner's next step; their answers go."""
    if not hits:
        return
    wrong = {(hit.delivery, hit.at) for hit in hits if hit.counted}
    entries = Entry.objects.filter(
        kind="link_followed", ref_kind="delivery", ref_id__in={pk for pk, _at in wrong}, at__in={at for _pk, at in wrong}
    )
    gone = [pk for pk, ref, at in entries.values_list("pk", "ref_id", "at") if (ref, at) in wrong]
    for hit in hits:
        hit.verdict, hit.counted = Verdict.MACHINE, False
    Hit.objects.bulk_update(hits, ["verdict", "rule", "counted"], batch_size=BATCH)
    if gone:
        remove_entries(gone, by=by, cause="scanner")


def _draft(one: Seen, behind: Behind) -> EntryDraft:
    return EntryDraft(
        party=behind.party,
        kind="link_followed" if one.kind == HitKind.LINK else "opened",
        at=one.at,
        way="email",
        subject=one.url[:300],
        touch=behind.touch,
        ref_kind="delivery",
        ref_id=one.delivery,
    )
