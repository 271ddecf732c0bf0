"""Which way a company's letters go: through its own server, or into the local mailbox."""

from __future__ import annotations

from socket import getfqdn

from dialogue.kit.statement import Statement
from dialogue.platform.mail.gates import must_stay, refuse_shut
from dialogue.platform.mail.local import LocalTransport
from dialogue.platform.mail.models import MailServer
from dialogue.platform.mail.pipelined import PipelinedTransport, Post
from dialogue.platform.mail.transport import SmtpTransport, Transport

SERVER = Statement(lambda: MailServer.objects.order_by("pk")[:1])


def real_server() -> MailServer | None:
    """Return the open company's own mail server, None while its letters stay here."""
    return SERVER.first()


def way_out(*, stay: bool = False) -> Transport:
    """Return the transport of the open company; `stay` keeps the letters here whatever server is set.

    Raises:
        SendingShut: the company's sending is locked.
    """
    server = _server(stay=stay)
    return SmtpTransport(server.address()) if server else LocalTransport()


def post_out(*, stay: bool = False) -> Post:
    """Return the same for many letters: they go side by side over several connections.

    Raises:
        SendingShut: the company's sending is locked.
    """
    server = _server(stay=stay)
    return PipelinedTransport(server.address(), hello=getfqdn()) if server else LocalTransport()


def _server(*, stay: bool) -> MailServer | None:
    refuse_shut()
    return None if stay or must_stay() else real_server()
