"""The local mailbox: takes letters instead of a real server, and shows what is inside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage

from django.db import transaction

from dialogue.kit.frozen import frozen
from dialogue.platform.mail.models import StoredLetter
from dialogue.platform.mail.pipelined import Parcel, Said
from dialogue.platform.mail.transport import Outcome, Result

KEPT = "kept in the local mailbox"


class LocalTransport:
    """Keeps each letter in the open company's local mailbox."""

    def send(self, envelope_from: str, recipients: list[str], data: bytes) -> Result:
        """Keep the letter; always accepted."""
        subject = opened(data).subject
        with transaction.atomic():
            StoredLetter.objects.create(envelope_from=envelope_from, recipients=recipients, subject=subject[:500], data=data)
        return Result(Outcome.ACCEPTED, 250, KEPT)

    def send_all(self, parcels: Iterable[Parcel], said: Said) -> None:
        """Keep all letters; each is accepted."""
        parcels = list(parcels)
        with transaction.atomic():
            StoredLetter.objects.bulk_create(
                StoredLetter(
                    envelope_from=one.sender, recipients=[one.recipient], subject=opened(one.data).subject[:500], data=one.data
                )
                for one in parcels
            )
        for one in parcels:
            said(one.key, Result(Outcome.ACCEPTED, 250, KEPT))

    def begin(self, parcels: Iterable[Parcel], said: Said) -> Callable[[], None]:
        """Keep all letters at once; there is nothing to wait for."""
        self.send_all(parcels, said)
        return lambda: None

    def close(self) -> None:
        """Nothing is open."""


@frozen
class Opened:
    """A letter taken apart for reading."""

    subject: str
    headers: list[tuple[str, str]]
    text: str
    html: str
    source: str


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def opened(data: bytes) -> Opened:
    """Return the letter's parts as a mail program reads them."""
    message = message_from_bytes(bytes(data), policy=policy.default)
    return Opened(
        subject=str(message.get("Subject", "")),
        headers=[(name, str(value)) for name, value in message.items()],
        text=_body(message, "plain"),
        html=_body(message, "html"),
        source=bytes(data).decode("utf-8", "replace"),
    )
