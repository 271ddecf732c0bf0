"""Which way a company's letters go: through its own server, or into the local mailbox."""

from __future__ import annotations

from dialogue.platform.mail.gates import must_stay, refuse_shut
from dialogue.platform.mail.local import LocalTransport
from dialogue.platform.mail.models import MailServer
from dialogue.platform.mail.transport import SmtpTransport, Transport


def real_server() -> MailServer | None:
    """Return the open company's own mail server, None while its letters stay here."""
    found: MailServer | None = MailServer.objects.first()
    return found


def way_out(*, stay: bool = False) -> Transport:
    """Return the transport of the open company; `stay` keeps the letters here whatever server is set.

    Raises:
        SendingShut: the company's sending is locked.
    """
    refuse_shut()
    server = None if stay or must_stay() else real_server()
    return SmtpTransport(server.address()) if server else LocalTransport()
