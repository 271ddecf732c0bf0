"""Verbs over the company's mail server and sender identities."""

from __future__ import annotations

import re

from django.conf import settings
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput
from dialogue.kit.secret import seal
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.mail.confirming import send_sender_code, try_sender_code
from dialogue.platform.mail.identities import (
    add_sender_identity,
    change_sender_identity,
    check_sender_identity,
    remove_sender_identity,
    use_sender_identity_first,
)
from dialogue.platform.mail.models import MailServer
from dialogue.platform.mail.permissions import MailPermission
from dialogue.platform.mail.transport import Security

__all__ = [
    "add_sender_identity",
    "change_sender_identity",
    "check_sender_identity",
    "remove_mail_server",
    "remove_sender_identity",
    "send_sender_code",
    "set_mail_server",
    "try_sender_code",
    "use_sender_identity_first",
]

HOST = re.compile(r"^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$")
FIELDS = ["host", "port", "security", "user"]
PORTS = range(1, 65536)


@action(permission=MailPermission.SERVER)
def set_mail_server(
    *, host: str, port: int, by: Actor, security: str = Security.STARTTLS, user: str = "", password: str | None = None
) -> MailServer:
    """Set the company's SMTP server and return it; a password of None keeps the one that is known.

    Raises:
        InvalidInput: names every wrong field.
    """
    errors = {}
    if not HOST.match(host.strip()):
        errors["host"] = _("Give the server's name, for example smtp.example.org.")
    if port not in PORTS:
        errors["port"] = _("Give the server's port, usually 587 or 465.")
    if security not in list(Security):
        errors["security"] = _("Choose how the connection is protected.")
    if errors:
        raise InvalidInput(errors)
    row = MailServer.objects.select_for_update().first() or MailServer()
    before = snapshot(row, FIELDS) if row.pk else {}
    row.host, row.port, row.security, row.user = host.strip().lower(), port, security, user.strip()
    if password is not None:
        row.password_sealed = seal(password, settings.SEAL_KEY) if password else ""
    row.save()
    record(by, "mail.server_set", row, changes=difference(before, snapshot(row, FIELDS)), password=password is not None)
    return row


@action(permission=MailPermission.SERVER)
def remove_mail_server(*, by: Actor) -> None:
    """Forget the company's SMTP server: from now on its letters stay in the local mailbox."""
    row = MailServer.objects.select_for_update().first()
    if row is not None:
        record(by, "mail.server_removed", row)
        row.delete()
