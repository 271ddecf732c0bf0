"""Reading a mailbox by IMAP (RFC 3501) without changing anything in it."""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from dialogue.kit.frozen import frozen
from dialogue.platform.mail.transport import Security

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# More of one message is never fetched: what names our letter stands at its beginning, and attachments are not read.
MOST_BYTES = 2 * 1024 * 1024
UID = re.compile(rb"\bUID (\d+)")
PLAIN_WORD = re.compile(r"[\x20-\x25\x27-\x7e]+|&")


@frozen
class ImapAddress:
    """Where a mailbox is and how it is opened."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    folder: str = "INBOX"
    timeout: float = 20.0


class MailboxTrouble(Exception):
    """The mailbox cannot be read; the words say what to do."""


def folder_name(name: str) -> str:
    """Return a folder's name as the protocol writes it: quoted, in modified UTF-7 (RFC 3501, 5.1.3)."""
    pieces: list[str] = []
    at = 0
    while at < len(name):
        plain = PLAIN_WORD.match(name, at)
        if plain:
            pieces.append(plain[0].replace("&", "&-").replace("\\", "\\\\").replace('"', '\\"'))
            at = plain.end()
            continue
        end = at
        while end < len(name) and not PLAIN_WORD.match(name, end):
            end += 1
        coded = base64.b64encode(name[at:end].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        pieces.append(f"&{coded}-")
        at = end
    return f'"{"".join(pieces)}"'


class OpenMailbox:
    """An opened folder; numbers of messages are its UIDs."""

    def __init__(self, connection: imaplib.IMAP4, folder: str) -> None:
        self._connection = connection
        # EXAMINE: nothing is marked as read.
        self.count = int(_said(connection.select(folder_name(folder), readonly=True))[0] or 0)
        self.uid_validity = int((connection.response("UIDVALIDITY")[1] or [None])[0] or 0)

    def after(self, last: int, since: date) -> list[int]:
        """Return the numbers of messages behind `last` that came on the day `since` or later, in order."""
        day = f"{since.day:02d}-{MONTHS[since.month - 1]}-{since.year}"
        found = _said(self._connection.uid("SEARCH", "UID", f"{last + 1}:*", "SINCE", day))
        # "n:*" also names the last message when its number is smaller (RFC 3501, 6.4.8).
        return sorted(number for part in found if part for number in map(int, part.split()) if number > last)

    def fetch(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Return `{number: message}`, each cut to a size; what is gone meanwhile is left out."""
        wanted = ",".join(map(str, numbers))
        parts = _said(self._connection.uid("FETCH", wanted, f"(UID BODY.PEEK[]<0.{MOST_BYTES}>)"))
        found: dict[int, bytes] = {}
        for number, part in enumerate(parts):
            if not isinstance(part, tuple):
                continue
            # A server may name the number before the text or after it.
            rest = parts[number + 1] if number + 1 < len(parts) else b""
            uid = UID.search(part[0]) or (UID.search(rest) if isinstance(rest, bytes) else None)
            if uid:
                found[int(uid[1])] = part[1]
        return found


def _said(answer: tuple[str, Any]) -> list[Any]:
    status, parts = answer
    if status != "OK":
        raise MailboxTrouble(_words(parts[0] if parts else ""))
    return [part for part in parts if part is not None]


def _words(text: object) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)).replace("\n", " ").strip()[:200]


def _sign_in(connection: imaplib.IMAP4, address: ImapAddress) -> None:
    try:
        if "AUTH=PLAIN" in connection.capabilities:
            # Passwords may hold any letters: only this way carries them as UTF-8 (RFC 4616).
            connection.authenticate("PLAIN", lambda _challenge: f"\0{address.user}\0{address.password}".encode())
        else:
            connection.login(address.user, address.password)
    except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
        raise MailboxTrouble(
            _("The server does not know this user with this password: %(answer)s") % {"answer": _words(error)}
        ) from error


def _connect(address: ImapAddress) -> imaplib.IMAP4:
    secure = ssl.create_default_context()
    if address.security is Security.TLS:
        return imaplib.IMAP4_SSL(address.host, address.port, ssl_context=secure, timeout=address.timeout)
    connection = imaplib.IMAP4(address.host, address.port, timeout=address.timeout)
    if address.security is Security.STARTTLS:
        connection.starttls(ssl_context=secure)
    return connection


@contextmanager
def opened(address: ImapAddress) -> Iterator[OpenMailbox]:
    """Open the folder for the length of a block.

    Raises:
        MailboxTrouble: the server is not reached, its certificate or our password is refused, there is no such folder.
    """
    connection: imaplib.IMAP4 | None = None
    try:
        connection = _connect(address)
        _sign_in(connection, address)
        try:
            mailbox = OpenMailbox(connection, address.folder)
        except MailboxTrouble as error:
            raise MailboxTrouble(
                _("There is no folder “%(folder)s”: %(answer)s") % {"folder": address.folder, "answer": error}
            ) from error
        yield mailbox
    except ssl.SSLError as error:
        raise MailboxTrouble(_("The server's certificate is not trusted: %(answer)s") % {"answer": _words(error)}) from error
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxTrouble(_("The server does not answer: %(answer)s") % {"answer": _words(error)}) from error
    finally:
        if connection is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                connection.logout()
