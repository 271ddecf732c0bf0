"""Letters of mailings: one window is made and marked while the one before it is with the server, so that neither waits.

In one transaction a window's letters are locked, asked about by the gates, made, and marked `handed`, and the window before
it is settled. A worker that dies before the commit loses its locks and the letters go later; one that dies after it leaves at
most that window unknown.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import field
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.claims import LEASE, NOT_BEGUN, Going, claim_window, due_mailings, hand
from dialogue.customers.channels.ledger import Taken, hand_bundles, keep_rows, put_off
from dialogue.customers.channels.mailings import mailing_counts, move_mailing
from dialogue.customers.channels.makers import Draft, delivery_gates, letter_makers
from dialogue.customers.channels.models import UNSETTLED, Delivery, Mailing, MailingState, State
from dialogue.customers.channels.pacing import note_pace, places_for
from dialogue.customers.channels.policy import Gate
from dialogue.customers.channels.press import Press, Unsigned, envelope_to
from dialogue.customers.channels.settling import end, not_begun, note_results, write_rows
from dialogue.customers.channels.signals import DeliveriesFact, deliveries_settled
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import record
from dialogue.platform.mail.pipelined import Parcel, Post
from dialogue.platform.mail.transport import Result
from dialogue.platform.tenants.models import Tenant

# A first part is bad when more of it is refused, or complained about, than receivers forgive (reference: Gmail, Yahoo).
REFUSED_MOST, COMPLAINED_MOST = 0.05, 0.0025
COMPLAINTS = ("marked_spam", "complaint")
PRESSES_KEPT = 200
PAUSE_SECONDS = 0.5
# So often own letters are looked for while mailings go.
OWN_SECONDS = 0.2
SIGNERS = 2
# A task of its own for each letter costs a quarter of its signature.
TOGETHER = 10
FOREVER = float("inf")


@record
class Window:
    """Letters of one mailing on their way, and what is known of them."""

    rows: list[Delivery]
    made: list[tuple[Delivery, Press, Unsigned]]
    stopped: list[Delivery]
    signing: list[Future[list[bytes]]]
    bundle: int | None = None
    # A domain of theirs had asked for a rest before.
    rested: bool = False
    results: dict[int, Result] = field(default_factory=dict)
    arrive: Callable[[], None] = lambda: None
    parcels: list[Parcel] = field(default_factory=list)

    def signed(self) -> None:
        """Wait until all letters are signed and have them ready to go."""
        letters = chain.from_iterable(one.result() for one in self.signing)
        self.parcels = [
            Parcel(row.id, press.envelope_from(row), envelope_to(row), data)
            for (row, press, _unsigned), data in zip(self.made, letters, strict=True)
        ]


class BulkSender:
    """Sends what the mailings of the open company have due."""

    def __init__(self, company: Tenant, post: Post, *, stayed: bool) -> None:
        self.company, self.post, self.stayed = company, post, stayed
        self.counts: Counter[str] = Counter()
        self._presses: dict[Hashable, Press] = {}
        self._going = Going()
        self._turn = 0
        self._away = False

    def run(self, *, until: float, between: Callable[[], None], advance: Callable[[int], None] | None = None) -> bool:
        """Send window after window, own letters between them, until nothing is due or the clock says so.

        Returns whether letters are still due. `until` is a moment of the monotonic clock.
        """
        with ThreadPoolExecutor(SIGNERS, "sign") as self._signers:
            return self._run(until, between, advance)

    def _run(self, until: float, between: Callable[[], None], advance: Callable[[int], None] | None) -> bool:
        flying: Window | None = None
        asked = 0.0
        try:
            while True:
                late = time.monotonic() >= until or self._away
                window, flying = self._step(flying, stop=late), None
                if window is not None and window.parcels:
                    window.arrive = self.post.begin(window.parcels, window.results.__setitem__)
                    flying = window
                if time.monotonic() - asked >= OWN_SECONDS or window is None:
                    between()
                    asked = time.monotonic()
                if advance is not None:
                    advance(self.counts.total())
                if window is None and (late or not (self.tend() or self._soon(until))):
                    return late and not self._away and bool(due_now())
        finally:
            if flying is not None:
                self._step(flying, stop=True)

    def _soon(self, until: float) -> bool:
        """Wait a moment where letters have a place within the rest of this slice; return whether they have."""
        left = until - time.monotonic()
        if not 0 < left < FOREVER:
            return False
        with transaction.atomic():
            due = bool(due_mailings(timezone.now() + timedelta(seconds=left)))
        if due:
            time.sleep(min(left, PAUSE_SECONDS))
        return due

    def _step(self, flying: Window | None, *, stop: bool) -> Window | None:
        with transaction.atomic():
            window = None if stop else self._prepare()
            if flying is not None:
                # The server was at work while the next window was made.
                flying.arrive()
                self._away = any(not_begun(row, flying.results[row.id]) for row in flying.rows)
                note_pace(flying.rows, flying.results, timezone.now(), rested=flying.rested)
                note_results(flying.rows, flying.results, self.company, flying.bundle)
                self._tell(flying.rows)
            if window is not None:
                self._tell([row for row in window.stopped if not row.is_open])
                # Signed in other threads while the window before was settled here.
                window.signed()
        return window

    def _tell(self, rows: Sequence[Delivery]) -> None:
        self.counts.update(row.state for row in rows)
        settled = [row for row in rows if not row.is_open]
        if settled:
            deliveries_settled.tell(DeliveriesFact(settled))

    def _prepare(self) -> Window | None:
        now = timezone.now()
        mailings = self._going.due(now)
        self._turn += 1
        for at in range(len(mailings)):
            # Mailings take turns: a small one does not wait behind a large one.
            taken = claim_window(mailings[(self._turn + at) % len(mailings)], now)
            if taken is not None:
                return self._made(taken, now)
        return None

    def _made(self, taken: Taken, now: datetime) -> Window:
        rows = taken.rows
        held, rested = held_back(rows), False
        if not self.stayed:
            places, rested = places_for([row for row in rows if row.id not in held], self.company, now)
            for row in rows:
                if row.id in places:
                    row.state = State.RESERVED
            held |= places
        going = [row for row in rows if row.id not in held]
        drafts = self._drafts(going)
        made: list[tuple[Delivery, Press, Unsigned]] = []
        signing: list[Future[list[bytes]]] = []
        for row in going:
            row.stayed = self.stayed
            try:
                made.append((row, *self._letter(row, drafts.get(row.id))))
                if len(made) % TOGETHER == 0:
                    signing.append(self._signed(made[-TOGETHER:]))
            except (Refusal, ValueError) as error:
                row.answer = str(error)[:500]
                held[row.id] = "not-composed"
        if len(made) % TOGETHER:
            signing.append(self._signed(made[-(len(made) % TOGETHER) :]))
        ready = [row for row, _press, _unsigned in made]
        stopped = self._stopped(taken, held, now)
        lease = now + LEASE
        bundle = None
        if taken.bundles:
            bundle = hand_bundles(taken, ready, lease, stayed=self.stayed)
        else:
            hand(ready, lease, stayed=self.stayed)
        return Window(ready, made, stopped, signing, bundle, rested)

    def _stopped(self, taken: Taken, held: Mapping[int, str | datetime], now: datetime) -> list[Delivery]:
        """Write those that do not go, or not now, and return them."""
        stopped = [row for row in taken.rows if row.id in held]
        for row in stopped:
            said = held[row.id]
            if isinstance(said, datetime):
                row.due_at = said
            else:
                end(row, State.CANCELLED, now, reason=said)
        if taken.bundles:
            keep_rows(taken.mailing, [row for row in stopped if not row.is_open])
            put_off(taken.mailing, [*taken.left, *(row for row in stopped if row.is_open)])
        else:
            write_rows(stopped)
        return stopped

    def _signed(self, made: list[tuple[Delivery, Press, Unsigned]]) -> Future[list[bytes]]:
        return self._signers.submit(sign_all, [one for _row, _press, one in made])

    def _drafts(self, rows: list[Delivery]) -> dict[int, Draft]:
        if not rows or rows[0].mailing is None:
            return {}
        return dict(letter_makers.get(rows[0].mailing.cause_kind)(rows))

    def _letter(self, row: Delivery, draft: Draft | None) -> tuple[Press, Unsigned]:
        identity = row.sender
        if draft is None or identity is None:
            raise Refusal(_("There is nothing to send to this customer."))
        if not self.stayed and not identity.is_proven:
            raise Refusal(_("The sender's domain is not verified."))
        key = (row.mailing_id, draft.key or (draft.subject, draft.text), draft.language)
        press = self._presses.get(key)
        if press is None:
            if len(self._presses) >= PRESSES_KEPT:
                self._presses.clear()
            press = self._presses[key] = Press(draft, self.company, identity, identity.signer())
        letter_id = row.letter_id_of(identity.domain)
        return press, press.letter(draft, delivery=row.id, tenant=row.tenant_id, address=row.address, letter_id=letter_id)

    def tend(self) -> bool:
        """Move the mailings whose time has come: judge a first part, end what is all gone; return whether any moved."""
        by = system_actor(self.company.pk)
        moved = False
        with transaction.atomic():
            moving = list(Mailing.objects.moving().values_list("pk", flat=True))
        for pk in moving:
            with transaction.atomic():
                row = Mailing.objects.select_for_update().filter(pk=pk).first()
                if row is not None and row.is_moving:
                    moved = _tend(row, by) or moved
        return moved


def sign_all(letters: Sequence[Unsigned]) -> list[bytes]:
    """Return letters signed."""
    return [one.sign() for one in letters]


def due_now() -> list[Mailing]:
    """Return the mailings of the open company that have letters due."""
    with transaction.atomic():
        return due_mailings(timezone.now())


def held_back(rows: Sequence[Delivery]) -> dict[int, str | datetime]:
    """Return which deliveries may not go now: the reason that cancels one, or the moment until which it waits."""
    held: dict[int, str | datetime] = dict(Gate.of(rows).stopped)
    for gate in delivery_gates:
        left = [row for row in rows if row.id not in held]
        if left:
            held.update(gate(left))
    return held


def _tend(row: Mailing, by: Actor) -> bool:
    counts = mailing_counts(row)
    open_letters = sum(counts.get(state, 0) for state in UNSETTLED)
    if not open_letters:
        row.ended_at = timezone.now()
        move_mailing(row, MailingState.DONE, event="mailing.done", by=by)
        return True
    if row.state != MailingState.CANARY:
        return False
    begun = sum(number for state, number in counts.items() if state not in NOT_BEGUN)
    if begun < row.canary_letters or counts.get(State.HANDED, 0):
        return False
    now = timezone.now()
    if row.canary_until is None:
        row.canary_until = now + timedelta(minutes=row.canary_minutes)
        row.save()
    if now < row.canary_until:
        return False
    why, words = canary_verdict(row, counts)
    row.canary_passed = not why
    row.paused_why, row.paused_words = why, words
    event = "mailing.canary_bad" if why else "mailing.canary_good"
    move_mailing(row, MailingState.PAUSED if why else MailingState.GOING, event=event, by=by)
    return True


def canary_verdict(row: Mailing, counts: Mapping[str, int]) -> tuple[str, str]:
    """Return why the rest of a mailing must wait after its first part, as a code and in words; ("", "") where it may go."""
    refused, accepted = counts.get(State.REFUSED, 0), counts.get(State.ACCEPTED, 0)
    tried = refused + accepted
    if tried and refused / tried > REFUSED_MOST:
        words = _("%(refused)s of the first %(tried)s letters were refused.") % {"refused": refused, "tried": tried}
        return "canary-refused", words
    complained = 0
    if row.source is not None and row.started_at is not None:
        said = Entry.objects.filter(source=row.source, side="in", kind__in=COMPLAINTS, at__gte=row.started_at)
        complained = said.count()
    # One complaint of twenty letters says little; of a thousand three are too many.
    if complained > max(1, accepted * COMPLAINED_MOST):
        words = _("%(complained)s of the first %(tried)s receivers complained.") % {"complained": complained, "tried": tried}
        return "canary-complaints", words
    return "", ""
