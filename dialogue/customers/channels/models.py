"""One delivery record for every message, what was written, what machines and people did with it, and whom we do not write to."""

from __future__ import annotations

import hmac
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.customers.channels.tokens import write_mark
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
    State.PLANNED: {State.RESERVED, State.CLAIMED, State.CANCELLED},
    State.RESERVED: {State.PLANNED, State.CLAIMED, State.CANCELLED},
    State.CLAIMED: {State.HANDED, State.PLANNED, State.CANCELLED},
    State.HANDED: {State.ACCEPTED, State.DEFERRED, State.REFUSED, State.UNKNOWN},
    State.DEFERRED: {State.CLAIMED, State.REFUSED, State.CANCELLED},
    State.UNKNOWN: {State.PLANNED, State.ACCEPTED},
    State.REFUSED: {State.PLANNED},
    State.CANCELLED: {State.PLANNED},
    State.ACCEPTED: set(),
}
WAITING = (State.PLANNED, State.DEFERRED)
UNSETTLED = (State.PLANNED, State.DEFERRED, State.CLAIMED, State.HANDED)


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


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Reads of deliveries."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the deliveries to customers the actor may see."""
        return self.filter(parties_in_sight(actor))

    def due(self, now: datetime) -> Self:
        """Return those that wait and whose time has come."""
        return self.filter(state__in=WAITING, due_at__lte=now)

    def lost(self, now: datetime) -> Self:
        """Return those whose worker fell silent."""
        return self.filter(state__in=[State.CLAIMED, State.HANDED], lease_until__lt=now)


DeliveryManager = TenantManager.from_queryset(DeliveryQuerySet)


class Delivery(StampedRow):
    """One message to one customer; `cause_kind` and `cause_id` say why, so that the same cause never sends twice.

    `touch` is the bare id of its entry on the timeline.
    """

    cause_kind = models.CharField(max_length=20)
    cause_id = models.BigIntegerField()
    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, default=Purpose.SERVICE)
    message = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    identity = models.ForeignKey(SenderIdentity, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    address = models.CharField(_("address"), max_length=254)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PLANNED)
    reason = models.CharField(max_length=40, blank=True)
    code = models.PositiveSmallIntegerField(default=0)
    answer = models.CharField(_("answer of the server"), max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    stayed = models.BooleanField(default=False)
    touch = models.BigIntegerField(null=True)

    objects: ClassVar[DeliveryManager[Self]] = DeliveryManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "cause_kind", "cause_id", "party"], name="delivery_cause_once"),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="delivery_state_known"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "due_at", "id"], name="delivery_due", condition=models.Q(state__in=list(UNSETTLED))
            ),
            models.Index(fields=["tenant_id", "party", "-id"], name="delivery_of_party"),
            models.Index(fields=["tenant_id", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.get_state_display()}"

    @property
    def letter_id(self) -> str:
        """The Message-ID without brackets: the same for every attempt, and what comes back names the delivery by it."""
        domain = self.identity.domain if self.identity else "localhost.localdomain"
        return f"{write_mark(self.tenant_id, self.pk)}@{domain}"

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
    return hmac.new(key_bytes(settings.SEAL_KEY), spoken, sha256).hexdigest()


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
