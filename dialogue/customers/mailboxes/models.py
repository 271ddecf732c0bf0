"""A company's mailbox with the mark up to which it was read, and one row for every message that came."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.customers.mailboxes.imap import ImapAddress
from dialogue.customers.parties.models import Party, parties_in_sight
from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager, TenantRow
from dialogue.kit.secret import unseal
from dialogue.platform.mail.transport import Security


class Protection(models.TextChoices):
    """How the connection to the mailbox is protected, in words."""

    TLS = Security.TLS.value, _("TLS from the start (usual for port 993)")
    STARTTLS = Security.STARTTLS.value, _("STARTTLS (usual for port 143)")
    NONE = Security.NONE.value, _("none (only inside your own network)")


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    """Reads of mailboxes."""

    def due(self, now: datetime) -> Self:
        """Return those that are read and whose turn has come."""
        return self.filter(is_on=True, next_at__lte=now)


MailboxManager = TenantManager.from_queryset(MailboxQuerySet)


class Mailbox(StampedRow):
    """Where answers and undelivered letters arrive.

    `uid_validity` and `last_uid` are the bookmark (RFC 3501, 2.3.1.1): what lies behind it was read. `read_since` is the
    first day that counts; `responsible` answers what nobody else answers for.
    """

    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(_("protection"), max_length=8, choices=Protection, default=Protection.TLS)
    user = models.CharField(_("user"), max_length=200)
    password_sealed = models.TextField(blank=True)
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    read_since = models.DateField(_("read from"))
    is_on = models.BooleanField(_("is read"), default=True)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    uid_validity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)

    objects: ClassVar[MailboxManager[Self]] = MailboxManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "host", "user", "folder"], name="mailbox_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.folder}"

    def address(self) -> ImapAddress:
        """Return where and how to connect, the password opened.

        Raises:
            ValueError: the password was sealed with another installation's key.
        """
        password = unseal(self.password_sealed, settings.SEAL_KEY) if self.password_sealed else ""
        return ImapAddress(self.host, self.port, Security(self.security), self.user, password, self.folder)


class Kind(models.TextChoices):
    """What a message that came is."""

    REPLY = "reply", _("answer")
    BOUNCE = "bounce", _("undelivered")
    DELAY = "delay", _("put off on its way")
    COMPLAINT = "complaint", _("complaint about spam")
    AUTOMATIC = "automatic", _("automatic answer")
    OTHER = "other", _("something else")
    ASIDE = "aside", _("kept aside")


class IncomingQuerySet(models.QuerySet["Incoming"]):
    """Reads of what came."""

    def visible_to(self, actor: Actor) -> Self:
        """Return what came from customers the actor may see, and what belongs to none."""
        seen = parties_in_sight(actor)
        return self.filter(models.Q(party=None) | seen) if seen else self


IncomingManager = TenantManager.from_queryset(IncomingQuerySet)


class Incoming(TenantRow):
    """One message that was read. `digest` names its content, so that none is taken twice, whatever number it gets.

    `found` says by what its customer was known: "mark" (our letter's own mark) or "sender" (only the address it came from).
    `delivery` and `entry` are bare ids. `data` keeps the message itself only where it could not be read.
    """

    at = models.DateTimeField(_("came"), default=timezone.now)
    mailbox = models.ForeignKey(
        Mailbox, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False, related_name="messages"
    )
    uid = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=32)
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    sender = models.CharField(_("from"), max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    party = models.ForeignKey(Party, null=True, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    delivery = models.BigIntegerField(null=True)
    entry = models.BigIntegerField(null=True)
    found = models.CharField(max_length=6, blank=True)
    note = models.CharField(max_length=300, blank=True)
    data = models.BinaryField(null=True)

    objects: ClassVar[IncomingManager[Any]] = IncomingManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "digest"], name="incoming_once"),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="incoming_kind_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "-id"], name="incoming_newest"),
            models.Index(fields=["tenant_id", "kind", "-id"], name="incoming_of_kind"),
            models.Index(fields=["tenant_id", "party"], name="incoming_of_party", condition=models.Q(party__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()

    @property
    def tone(self) -> str:
        """The colour of its kind on a page."""
        tones = {Kind.REPLY: "answer", Kind.BOUNCE: "bad", Kind.COMPLAINT: "bad", Kind.ASIDE: "warn", Kind.DELAY: "warn"}
        return tones.get(Kind(self.kind), "")
