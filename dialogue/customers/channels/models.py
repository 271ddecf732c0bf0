"""One delivery record for every message, what was written, what machines and people did with it, and whom we do not write to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.customers.channels.tokens import keyed_hash, write_mark
from dialogue.customers.parties.models import Channel, Party, Purpose, parties_in_sight
from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager, TenantRow
from dialogue.kit.scope import current_tenant
from dialogue.kit.secret import key_bytes
from dialogue.platform.mail.models import SenderIdentity


class State(models.TextChoices):
    """Where a delivery stands."""

    PLANNED = "planned", _("waiting to go")
    RESERVED = "reserved", _("reserved")
    CLAIMED = "claimed", _("being prepared")
    HANDED = "handed", _("being handed over")
    ACCEPTED = "accepted", _("delivered")
    DEFERRED = "deferred", _("put off by the server")
    REFUSED = "refused", _("refused by the server")
    UNKNOWN = "unknown", _("outcome unknown")
    CANCELLED = "cancelled", _("not sent")


# An unknown delivery is sent again by a person only: nobody can tell whether it arrived (RFC 1047).
TRANSITIONS: dict[str, set[str]] = {
    State.PLANNED: {State.RESERVED, State.CLAIMED, State.HANDED, State.CANCELLED},
    State.RESERVED: {State.PLANNED, State.CLAIMED, State.HANDED, State.CANCELLED},
    State.CLAIMED: {State.HANDED, State.PLANNED, State.CANCELLED},
    State.HANDED: {State.ACCEPTED, State.DEFERRED, State.REFUSED, State.UNKNOWN},
    State.DEFERRED: {State.CLAIMED, State.HANDED, State.REFUSED, State.CANCELLED},
    State.UNKNOWN: {State.PLANNED, State.ACCEPTED, State.REFUSED},
    State.REFUSED: {State.PLANNED},
    State.CANCELLED: {State.PLANNED},
    # A server may take a letter and send it back afterwards (RFC 3464).
    State.ACCEPTED: {State.REFUSED},
}
WAITING = (State.PLANNED, State.RESERVED, State.DEFERRED)
UNSETTLED = (*WAITING, State.CLAIMED, State.HANDED)


class Message(TenantRow):
    """What was written, as it was sent: the placeholders are filled, the links are still the writer's own."""

    at = models.DateTimeField(default=timezone.now)
    subject = models.CharField(_("subject"), max_length=300)
    text = models.TextField(_("text"))
    by = models.BigIntegerField(null=True)
    once = models.UUIDField(default=uuid4, editable=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "once"], name="message_once")]

    def __str__(self) -> str:
        return self.subject


class Lane(models.TextChoices):
    """Which letters go first: own ones before those of campaigns."""

    OWN = "own", _("own letters")
    BULK = "bulk", _("campaigns")


class MailingState(models.TextChoices):
    """Where a mailing stands."""

    PLANNED = "planned", _("prepared")
    CANARY = "canary", _("trying a small part")
    GOING = "going", _("going")
    PAUSED = "paused", _("paused")
    DONE = "done", _("all gone")
    CANCELLED = "cancelled", _("stopped")


# A letter of unknown outcome that a person sends again opens a mailing that was done.
MAILING_TRANSITIONS: dict[str, set[str]] = {
    MailingState.PLANNED: {MailingState.CANARY, MailingState.GOING, MailingState.CANCELLED},
    MailingState.CANARY: {MailingState.GOING, MailingState.PAUSED, MailingState.DONE, MailingState.CANCELLED},
    MailingState.GOING: {MailingState.PAUSED, MailingState.DONE, MailingState.CANCELLED},
    MailingState.PAUSED: {MailingState.CANARY, MailingState.GOING, MailingState.CANCELLED},
    MailingState.DONE: {MailingState.GOING},
    MailingState.CANCELLED: set(),
}
MOVING = (MailingState.CANARY, MailingState.GOING)


class MailingQuerySet(models.QuerySet["Mailing"]):
    """Reads of mailings."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all: every member may know what the company sends; whom it reached is asked of the deliveries."""
        return self

    def moving(self) -> Self:
        """Return those whose letters go now."""
        return self.filter(state__in=MOVING)

    def of_cause(self, kind: str, ident: int) -> Self:
        """Return the mailing of a cause."""
        return self.filter(cause_kind=kind, cause_id=ident)


MailingManager = TenantManager.from_queryset(MailingQuerySet)


class Mailing(StampedRow):
    """One cause that writes to many: what its letters have in common is kept here once.

    The first `canary_letters` go alone (`canary` percent of all); `canary_minutes` after the last of them the rest follows,
    unless too many were refused. `source` is the bare id of the source its touches name.
    """

    cause_kind = models.CharField(max_length=20)
    cause_id = models.BigIntegerField()
    title = models.CharField(_("title"), max_length=200)
    source = models.BigIntegerField(null=True)
    identity = models.ForeignKey(SenderIdentity, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    lane = models.CharField(max_length=4, choices=Lane, default=Lane.BULK)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, default=Purpose.MARKETING)
    state = models.CharField(_("state"), max_length=9, choices=MailingState, default=MailingState.PLANNED)
    letters = models.PositiveIntegerField(_("letters"), default=0)
    canary = models.PositiveSmallIntegerField(default=1)
    canary_minutes = models.PositiveSmallIntegerField(default=15)
    canary_letters = models.PositiveIntegerField(default=0)
    canary_until = models.DateTimeField(null=True)
    canary_passed = models.BooleanField(default=False)
    paused_why = models.CharField(max_length=40, blank=True)
    paused_words = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    # Whether letters that are tried again, or sent again, may be due.
    has_single = True

    objects: ClassVar[MailingManager[Self]] = MailingManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "cause_kind", "cause_id"], name="mailing_cause_once"),
            models.CheckConstraint(condition=models.Q(state__in=MailingState.values), name="mailing_state_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-id"], name="mailing_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_moving(self) -> bool:
        """Whether its letters go now."""
        return self.state in MOVING


class DomainPace(TenantRow):
    """How fast letters may go to the servers of one domain: when its next place is, and until when it wants none at all.

    `failures` counts the refusals for now that came one after another.
    """

    domain = models.CharField(max_length=253)
    next_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    words = models.CharField(max_length=300, blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "domain"], name="domain_pace_once")]

    def __str__(self) -> str:
        return self.domain


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Reads of deliveries."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the deliveries to customers the actor may see."""
        return self.filter(parties_in_sight(actor))

    def own(self) -> Self:
        """Return the letters that belong to no mailing."""
        return self.filter(mailing__isnull=True)

    def due(self, now: datetime) -> Self:
        """Return those that wait and whose time has come; not those of a mailing that is paused, stopped or not begun."""
        return self.filter(models.Q(mailing__isnull=True) | models.Q(mailing__state__in=MOVING)).filter(
            state__in=WAITING, due_at__lte=now
        )

    def lost(self, now: datetime) -> Self:
        """Return those whose worker fell silent."""
        return self.filter(lease_until__lt=now, state__in=[State.CLAIMED, State.HANDED])


DeliveryManager = TenantManager.from_queryset(DeliveryQuerySet)


class Delivery(TenantRow):
    """One message to one customer. Its cause is either a `message` of its own or a `mailing`, so that neither sends twice.

    A narrow row, millions a company: what letters of a mailing have in common stands in the mailing, and what is empty takes
    no room. `due_at` is set while it waits, `lease_until` while a worker holds it, `settled_at` from its end on. `touch` is
    the bare id of its entry on the timeline. `answer` is kept where it says more than yes; code, attempts, reason and answer
    are null where they are the usual ones: taken at the first attempt.
    """

    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="deliveries")
    mailing = models.ForeignKey(
        Mailing, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="deliveries"
    )
    message = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    identity = models.ForeignKey(SenderIdentity, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    touch = models.BigIntegerField(null=True)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    code = models.PositiveSmallIntegerField(null=True, default=0)
    attempts = models.PositiveSmallIntegerField(null=True, default=0)
    stayed = models.BooleanField(default=False)
    variant = models.CharField(max_length=8, null=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, null=True)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, null=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PLANNED)
    address = models.CharField(_("address"), max_length=254)
    reason = models.CharField(max_length=40, null=True, blank=True, default="")
    answer = models.CharField(_("answer of the server"), max_length=500, null=True, blank=True, default="")

    objects: ClassVar[DeliveryManager[Self]] = DeliveryManager()

    class Meta:
        constraints: ClassVar = [
            # Own letters have no mailing, and what is empty differs from everything: this index finds a customer's letters too.
            models.UniqueConstraint(fields=["tenant_id", "party", "mailing"], name="delivery_of_mailing_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "message", "party"],
                name="delivery_of_message_once",
                condition=models.Q(message__isnull=False),
            ),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="delivery_state_known"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "mailing", "due_at", "id"],
                name="delivery_due",
                condition=models.Q(state__in=list(WAITING)),
            ),
            models.Index(
                fields=["tenant_id", "lease_until"], name="delivery_held", condition=models.Q(lease_until__isnull=False)
            ),
            models.Index(
                fields=["tenant_id", "mailing", "state"],
                name="delivery_of_mailing",
                condition=models.Q(mailing__isnull=False),
            ),
            models.Index(fields=["tenant_id", "-id"], name="delivery_newest", condition=models.Q(mailing__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.get_state_display()}"

    @property
    def letter_id(self) -> str:
        """The Message-ID without brackets: the same for every attempt, and what comes back names the delivery by it."""
        return self.letter_id_of(self.sender.domain if self.sender else "localhost.localdomain")

    def letter_id_of(self, domain: str) -> str:
        """Return the Message-ID in a domain."""
        return f"{write_mark(self.tenant_id, self.pk)}@{domain}"

    @property
    def sender(self) -> SenderIdentity | None:
        """From whom it comes: its own identity or its mailing's."""
        if self.identity_id is not None or self.mailing_id is None:
            return self.identity
        return self.mailing.identity if self.mailing else None

    @property
    def about(self) -> str:
        """What it is about: its own purpose or its mailing's."""
        return self.purpose or (self.mailing.purpose if self.mailing else Purpose.SERVICE)

    @property
    def over(self) -> str:
        """The channel it goes over: its own or its mailing's."""
        return self.channel or (self.mailing.channel if self.mailing else Channel.EMAIL)

    @property
    def written_at(self) -> datetime:
        """When it was written."""
        if self.message is not None:
            return self.message.at
        return self.mailing.created_at if self.mailing else self.settled_at or self.due_at or timezone.now()

    @property
    def is_open(self) -> bool:
        """Whether it may still change by itself."""
        return self.state in UNSETTLED

    @property
    def tone(self) -> str:
        """The colour of its state on a page."""
        tones = {
            State.ACCEPTED: "good",
            State.REFUSED: "bad",
            State.UNKNOWN: "warn",
            State.CANCELLED: "warn",
            State.DEFERRED: "warn",
        }
        return tones.get(State(self.state), "")


class Bundle(TenantRow):
    """Letters of a mailing that wait together: while nothing is known of a letter it has no row of its own.

    `letters` are the ids their deliveries will have; parties, addresses and variants stand in the same order. The bundle is
    `handed`, until `lease_until` at most, while its letters are with the server; then it goes, and their deliveries are written.
    """

    mailing = models.ForeignKey(Mailing, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="bundles")
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    size = models.PositiveSmallIntegerField()
    stayed = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    letters = ArrayField(models.BigIntegerField())
    parties = ArrayField(models.BigIntegerField())
    addresses = ArrayField(models.CharField(max_length=254))
    variants = ArrayField(models.CharField(max_length=8, null=True))

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=[State.PLANNED, State.RESERVED, State.HANDED]), name="bundle_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "mailing", "due_at", "id"], name="bundle_due", condition=~models.Q(state=State.HANDED)
            ),
            models.Index(fields=["tenant_id", "lease_until"], name="bundle_held", condition=models.Q(state=State.HANDED)),
        ]

    def __str__(self) -> str:
        return f"{self.size} × {self.get_state_display()}"


class HitKind(models.TextChoices):
    """What happened to a message on the other side."""

    LINK = "link", _("link followed")
    OPEN = "open", _("opened")


class Hit(TenantRow):
    """One request for a link or picture of a letter, with the verdict who made it. Append-only.

    `counted` marks the first human one per target: the one that became a response.
    """

    at = models.DateTimeField(db_default=Now())
    delivery = models.BigIntegerField()
    kind = models.CharField(max_length=4, choices=HitKind)
    target = models.CharField(max_length=32)
    verdict = models.CharField(max_length=7)
    rule = models.CharField(max_length=20)
    counted = models.BooleanField(default=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "delivery", "kind", "target"], name="hit_counted_once", condition=models.Q(counted=True)
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "delivery"], name="hit_of_delivery")]

    def __str__(self) -> str:
        return f"{self.kind} {self.verdict}"


class SuppressionReason(models.TextChoices):
    """Why we do not write."""

    UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
    BOUNCED = "bounced", _("the address does not exist")
    COMPLAINT = "complaint", _("complained about spam")
    WISH = "wish", _("asked not to be written to")
    ERASED = "erased", _("asked to be erased")


def suppression_key(channel: str, normal: str) -> str:
    """Return the keyed hash of a normalised address of the open company; nobody without the key can turn it back."""
    spoken = f"suppress:{current_tenant()}:{channel}:{normal}".encode()
    return keyed_hash(_seal(settings.SEAL_KEY))(spoken).hex()


@lru_cache(maxsize=4)
def _seal(text: str) -> bytes:
    return key_bytes(text)


def suppression_keys(channel: str, normals: Iterable[str]) -> list[str]:
    """Return the keyed hashes of many normalised addresses of the open company, as `suppression_key` gives them."""
    digest, begun = keyed_hash(_seal(settings.SEAL_KEY)), f"suppress:{current_tenant()}:{channel}:"
    return [digest(f"{begun}{normal}".encode()).hex() for normal in normals]


class Suppression(TenantRow):
    """An address we do not write to. It holds no address, so it survives the customer's erasure and a new import.

    An empty purpose shuts the address for every purpose. `hint` is the address's domain.
    """

    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, blank=True)
    key = models.CharField(max_length=64)
    hint = models.CharField(_("where"), max_length=254, blank=True)
    reason = models.CharField(_("why"), max_length=12, choices=SuppressionReason)
    at = models.DateTimeField(_("since"), default=timezone.now)
    by_label = models.CharField(max_length=150, blank=True)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "channel", "key", "purpose"], name="suppression_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-id"], name="suppression_newest")]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.hint}"


class LetterTemplate(StampedRow):
    """A prepared text with places to be filled."""

    name = models.CharField(_("name"), max_length=80)
    subject = models.CharField(_("subject"), max_length=300)
    text = models.TextField(_("text"))

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "name"], name="letter_template_once")]

    def __str__(self) -> str:
        return self.name
