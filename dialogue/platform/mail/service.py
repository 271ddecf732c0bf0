"""Letters of the installation itself (sign-in links, password resets): through its own SMTP server, else kept for the operator."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from dialogue.kit.environment import EnvironmentRefusal
from dialogue.platform.mail.models import ServiceLetter
from dialogue.platform.mail.transport import Outcome, Security, SmtpAddress, SmtpTransport

log = logging.getLogger(__name__)
SCHEMES = {"smtp": (Security.STARTTLS, 587), "smtps": (Security.TLS, 465), "smtp+plain": (Security.NONE, 25)}


def installation_server(url: str) -> SmtpAddress | None:
    """Return the server of DIALOGUE_SMTP (`smtp://`, `smtps://` or `smtp+plain://user:password@host:port`), None when unset.

    Raises:
        EnvironmentRefusal: another scheme or no host.
    """
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        message = "DIALOGUE_SMTP must look like smtp://user:password@host:587 (smtps:// for TLS from the start)."
        raise EnvironmentRefusal(message)
    security, port = SCHEMES[parts.scheme]
    return SmtpAddress(
        parts.hostname, parts.port or port, security, unquote(parts.username or ""), unquote(parts.password or "")
    )


class EmailBackend(BaseEmailBackend):
    """Django's way to send: used by the sign-in pages only."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send or keep each letter; return how many went."""
        server = installation_server(settings.DIALOGUE_SMTP)
        return sum(self._send(message, server) for message in email_messages)

    def _send(self, message: EmailMessage, server: SmtpAddress | None) -> int:
        made = message.message()
        if "Auto-Submitted" not in made:
            made["Auto-Submitted"] = "auto-generated"
        data = made.as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        if server is None:
            with transaction.atomic():
                for recipient in message.recipients():
                    ServiceLetter.objects.create(recipient=recipient, subject=str(message.subject), data=data)
            return 1
        transport = SmtpTransport(server)
        try:
            result = transport.send(settings.DEFAULT_FROM_EMAIL, message.recipients(), data)
        finally:
            transport.close()
        if result.outcome != Outcome.ACCEPTED:
            log.error("service letter %s: %s %s", result.outcome, result.code, result.text)
            if not self.fail_silently:
                raise OSError(f"{result.code} {result.text}")
            return 0
        return 1
