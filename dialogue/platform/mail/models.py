"""The mail server of a company and the local mailbox that keeps what must not leave the machine."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.kit.rows import StampedRow, TenantManager, TenantRow
from dialogue.kit.secret import unseal
from dialogue.platform.mail.dkim import Signer, public_record
from dialogue.platform.mail.transport import Security, SmtpAddress


class SecurityChoice(models.TextChoices):
    """How the connection to the mail server is protected, in words."""

    STARTTLS = Security.STARTTLS.value, _("STARTTLS (usual for port 587)")
    TLS = Security.TLS.value, _("TLS from the start (usual for port 465)")
    NONE = Security.NONE.value, _("none (only inside your own network)")


class MailServer(StampedRow):
    """The company's own SMTP server; without one its letters stay in the local mailbox."""

    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=587)
    security = models.CharField(_("protection"), max_length=8, choices=SecurityChoice, default=SecurityChoice.STARTTLS)
    user = models.CharField(_("user"), max_length=200, blank=True)
    password_sealed = models.TextField(blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id"], name="mail_server_once")]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def address(self) -> SmtpAddress:
        """Return where and how to connect, the password opened.

        Raises:
            ValueError: the password was sealed with another installation's key.
        """
        password = unseal(self.password_sealed, settings.SEAL_KEY) if self.password_sealed else ""
        return SmtpAddress(self.host, self.port, Security(self.security), self.user, password)


class SenderIdentityQuerySet(models.QuerySet["SenderIdentity"]):
    """Reads of sender identities."""

    def in_use(self) -> Self:
        """Return the identities letters may still be written from, the default one first."""
        return self.filter(archived_at__isnull=True).order_by("-is_default", "id")


SenderIdentityManager = TenantManager.from_queryset(SenderIdentityQuerySet)


class SenderIdentity(StampedRow):
    """From whom a company's letters come: the address and name readers see, and the key that signs for its domain.

    `return_path` is the envelope's address, to which undelivered letters come back (empty: the address itself). `verified_at`
    says that the domain publishes our key, `confirmed_at` that a code sent to the address came back; either proves it.
    """

    email = models.CharField(_("address"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    reply_to = models.CharField(_("answers to"), max_length=254, blank=True)
    return_path = models.CharField(_("return address"), max_length=254, blank=True)
    selector = models.CharField(max_length=63)
    key_sealed = models.TextField()
    is_default = models.BooleanField(_("used first"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    check_note = models.CharField(max_length=300, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    code_digest = models.CharField(max_length=64, blank=True)
    code_sent_at = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[SenderIdentityManager[Self]] = SenderIdentityManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "email"], name="sender_identity_once", condition=models.Q(archived_at__isnull=True)
            ),
            models.UniqueConstraint(fields=["tenant_id"], name="sender_identity_default", condition=models.Q(is_default=True)),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email

    @property
    def is_proven(self) -> bool:
        """Whether the address is shown to be the company's: letters may leave under it."""
        return self.verified_at is not None or self.confirmed_at is not None

    @property
    def domain(self) -> str:
        """The domain of the address in A-labels."""
        return self.email.rpartition("@")[2]

    @property
    def record_name(self) -> str:
        """Where the public key stands in DNS (RFC 6376, 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record_text(self) -> str:
        """What stands there."""
        return public_record(self._pem())

    @property
    def envelope_from(self) -> str:
        """The address of the envelope."""
        return self.return_path or self.email

    def signer(self) -> Signer:
        """Return who signs, the key opened.

        Raises:
            ValueError: the key was sealed with another installation's key.
        """
        return Signer(self.domain, self.selector, self._pem())

    def _pem(self) -> str:
        return unseal(self.key_sealed, settings.SEAL_KEY)


class StoredLetter(TenantRow):
    """A letter of a company that stayed here: no real server is set, or sending is locked."""

    at = models.DateTimeField(default=timezone.now)
    envelope_from = models.CharField(max_length=254)
    recipients = ArrayField(models.CharField(max_length=254))
    subject = models.TextField()
    data = models.BinaryField()

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-id"], name="stored_letter_newest")]

    def __str__(self) -> str:
        return self.subject


class ServiceLetter(models.Model):
    """A sign-in or other letter of the installation itself that stayed here; only its operator reads it.

    A row of no company: it is written before it is known who signs in where, and it may hold a sign-in link.
    """

    at = models.DateTimeField(default=timezone.now)
    recipient = models.CharField(max_length=254)
    subject = models.TextField()
    data = models.BinaryField()

    def __str__(self) -> str:
        return self.subject
