"""Links followed and letters opened: answered first, written in bulk; only a person's first one becomes a response."""

from __future__ import annotations

import atexit
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from multiprocessing.util import Finalize

from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from dialogue.customers.channels.models import Delivery, Hit, HitKind
from dialogue.customers.channels.rules import WALK_WINDOW, Judged, Verdict, walked
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.actions import record_entries, remove_entries
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.scope import tenant_scope
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


@dataclass(frozen=True)
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
        return sha256(self.url.encode()).hexdigest()[:32] if self.url else ""


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
    wanted = {one.delivery for one in hits}
    known = {row.pk: row for row in Delivery.objects.filter(pk__in=wanted).only("party_id", "touch")}
    hits = [one for one in hits if one.delivery in known]
    if company is None or not hits:
        return
    shown = _walks(hits, by=system_actor(tenant))
    rows, drafts = [], []
    counted = _counted(hits)
    for number, one in enumerate(hits):
        judged = Judged(Verdict.MACHINE, shown[number]) if number in shown else one.judged
        mark = (one.delivery, str(one.kind), one.target)
        first = _counts(one, judged, company) and mark not in counted
        if first:
            counted.add(mark)
            drafts.append(_draft(one, known[one.delivery]))
        rows.append((one.at, one.delivery, str(one.kind), one.target, str(judged.verdict), judged.rule, first))
    # Another process may count the same link at this moment: the constraint lets one of them through.
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [tenant, *map(list, zip(*rows, strict=True))])
    _name_campaigns(drafts)
    record_entries(_living(drafts), by=system_actor(tenant), cause="second origin")


def _name_campaigns(drafts: list[EntryDraft]) -> None:
    touches = {draft.touch for draft in drafts if draft.touch is not None}
    sources = dict(Entry.objects.filter(pk__in=touches).values_list("pk", "source")) if touches else {}
    for draft in drafts:
        draft.source = sources.get(draft.touch or 0)


def _living(drafts: list[EntryDraft]) -> list[EntryDraft]:
    living = set(Party.with_bin.filter(pk__in={draft.party for draft in drafts}).values_list("pk", flat=True))
    return [draft for draft in drafts if draft.party in living]


def _counts(one: Seen, judged: Judged, company: Tenant) -> bool:
    if judged.verdict != Verdict.HUMAN:
        return False
    return one.kind == HitKind.LINK or bool(setting_of(company, "mail_follow_opens"))


def _counted(hits: list[Seen]) -> set[tuple[int, str, str]]:
    found = Hit.objects.filter(delivery__in={one.delivery for one in hits}, counted=True)
    return set(found.values_list("delivery", "kind", "target"))


def _walks(hits: list[Seen], *, by: Actor) -> dict[int, str]:
    """Return `{place in hits: rule}` of links a scanner followed; what it was believed a moment before is taken back."""
    links: dict[int, list[tuple[int, Seen]]] = defaultdict(list)
    for number, one in enumerate(hits):
        if one.kind == HitKind.LINK:
            links[one.delivery].append((number, one))
    if not links:
        return {}
    since = min(one.at for asked in links.values() for _number, one in asked) - WALK_WINDOW
    before: dict[int, list[Hit]] = defaultdict(list)
    for hit in Hit.objects.filter(delivery__in=links, kind=HitKind.LINK, at__gte=since):
        before[hit.delivery].append(hit)
    found: dict[int, str] = {}
    believed: list[Hit] = []
    for delivery, asked in links.items():
        kept = before[delivery]
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
    Hit.objects.bulk_update(hits, ["verdict", "rule", "counted"])
    if gone:
        remove_entries(gone, by=by, cause="scanner")


def _draft(one: Seen, delivery: Delivery) -> EntryDraft:
    return EntryDraft(
        party=delivery.party_id,
        kind="link_followed" if one.kind == HitKind.LINK else "opened",
        at=one.at,
        way="email",
        subject=one.url[:300],
        touch=delivery.touch,
        ref_kind="delivery",
        ref_id=delivery.pk,
    )
