"""What a message that came is: a report of non-delivery (RFC 3464), a complaint (RFC 5965), an automatic answer (RFC 3834), a reply.

Pure: nothing is looked up here. A customer's letter is named only by our own signed marks, never by words of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from typing import Any

from dialogue.customers.channels.rules import ENHANCED, Bounce, bounce_of
from dialogue.customers.channels.tokens import marks_in
from dialogue.customers.mailboxes.models import Kind
from dialogue.customers.mailboxes.quoting import own_words, without_tags
from dialogue.kit.frozen import frozen

ENVELOPE = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")
MOST_PARTS = 200
MOST_TEXT = 20_000
SUCCESS = {"delivered", "relayed", "expanded"}


class Unreadable(ValueError):
    """A message that no rule fits."""


@frozen
class Report:
    """One recipient of a report: his address, what happened, the status code of RFC 3463, the server's words."""

    recipient: str
    action: str
    status: str
    words: str

    @property
    def dead(self) -> bool:
        """Whether the address is no more; a refusal for other reasons says nothing about it."""
        return self.action == "failed" and self.status.startswith("5") and bounce_of(0, self.status) is Bounce.DEAD


@frozen
class Heard:
    """A message understood. `marks` are `(company, delivery)` of our letters it names, the surest first."""

    kind: Kind
    digest: str
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    at: datetime | None = None
    text: str = ""
    marks: list[tuple[int, int]] = field(default_factory=list)
    report: Report | None = None
    note: str = ""
    answers: bool = False


def digest_of(data: bytes) -> str:
    """Return the name of a message's content: the same for its copy in another mailbox or under another number."""
    head, _gap, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = sorted(
        line for line in head.split(b"\n") if line[:12].lower().startswith((b"message-id:", b"date:", b"from:", b"subject:"))
    )
    return sha256(b"\n".join([*kept, b"", body])).hexdigest()[:32]


def hear(data: bytes) -> Heard:
    """Return what the message is.

    Raises:
        Unreadable: it is empty, or its form breaks every reader.
    """
    if not data.strip():
        raise Unreadable("empty")
    try:
        message = message_from_bytes(data)
        if not message.keys():
            raise Unreadable("no headers")
        return _heard(message, digest_of(data))
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from error


def _heard(message: Message, digest: str) -> Heard:
    senders = getaddresses([_header(message, "From")])
    name, sender = senders[0] if senders else ("", "")
    common: dict[str, Any] = {
        "digest": digest,
        "sender": sender[:254],
        "sender_name": name[:200],
        "subject": _header(message, "Subject")[:300],
        "at": _moment(_header(message, "Date")),
    }
    report_type = str(message.get_param("report-type") or "").lower() if _is_report(message) else ""
    found = {part.get_content_type(): part for part in reversed(list(_parts(message)))} if _is_report(message) else {}
    status = next((part for kind, part in found.items() if kind.endswith("delivery-status")), None)
    if report_type == "delivery-status" or status is not None:
        return _bounced(message, found, status, common)
    if report_type == "feedback-report" or "message/feedback-report" in found:
        return _complained(message, found, common)
    marks = _marks([_header(message, one) for one in ("In-Reply-To", "References", *ENVELOPE)])
    why = "read-receipt" if report_type == "disposition-notification" else _automatic(message)
    answers = bool(_header(message, "In-Reply-To") or _header(message, "References"))
    text = _text(message)
    if why:
        return Heard(Kind.AUTOMATIC, marks=marks, text=text, note=why, answers=answers, **common)
    if message.get("List-Id") or message.get("List-Unsubscribe"):
        return Heard(Kind.OTHER, marks=[], note="list", **common)
    return Heard(Kind.REPLY, marks=marks, text=text, answers=answers, **common)


def _bounced(message: Message, found: dict[str, Message], status: Message | None, common: dict[str, Any]) -> Heard:
    blocks = _blocks(status) if status is not None else []
    reports = [report for block in blocks if (report := _report(block)) is not None]
    returned = _returned_head(found)
    marks = _marks(
        [_header(message, one) for one in ENVELOPE]
        + [_header(block, "Original-Envelope-Id") for block in blocks[:1]]
        + [_header(returned, one) for one in ("Message-ID", "Return-Path") if returned is not None]
    )
    # RFC 3464, 2.3: recipient, action and status are required. Without them nothing is known, and nothing is guessed.
    if not reports:
        return Heard(Kind.BOUNCE, marks=marks, note="no-status", **common)
    worst = min(reports, key=lambda one: ("failed", "delayed").index(one.action) if one.action in {"failed", "delayed"} else 2)
    if worst.action in SUCCESS:
        return Heard(Kind.AUTOMATIC, marks=marks, note="delivered", **common)
    kind = Kind.DELAY if worst.action == "delayed" else Kind.BOUNCE
    return Heard(kind, marks=marks, report=worst, **common)


def _complained(message: Message, found: dict[str, Message], common: dict[str, Any]) -> Heard:
    part = found.get("message/feedback-report")
    fields = _blocks(part)[0] if part is not None and _blocks(part) else Message()
    returned = _returned_head(found)
    marks = _marks(
        [_header(returned, one) for one in ("Message-ID", "Return-Path") if returned is not None]
        + [_header(fields, "Original-Mail-From")]
        + [_header(message, one) for one in ENVELOPE]
    )
    what = _header(fields, "Feedback-Type").strip().lower()
    # RFC 5965, 3.5 and 7.3: other kinds of report (not-spam among them) are no complaint.
    if what not in {"abuse", "fraud", "opt-out"}:
        return Heard(Kind.OTHER, marks=marks, note=what[:40] or "feedback", **common)
    return Heard(Kind.COMPLAINT, marks=marks, note=what, **common)


def _is_report(message: Message) -> bool:
    return message.get_content_type() == "multipart/report"


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def _blocks(part: Message) -> list[Message]:
    """Return the groups of fields of a status or feedback part, however the parser or the sender wrapped them."""
    payload = part.get_payload()
    if isinstance(payload, list) and len(payload) > 1:
        return [one for one in payload if isinstance(one, Message)]
    groups = _raw(part).replace(b"\r\n", b"\n").strip().split(b"\n\n")
    return [message_from_bytes(group + b"\n\n") for group in groups[:MOST_PARTS] if group.strip()]


def _report(block: Message) -> Report | None:
    """Return the recipient's lines, None where one that RFC 3464 requires is missing."""
    recipient = _after_type(_header(block, "Final-Recipient"))
    action = _header(block, "Action").strip().lower()
    status = ENHANCED.search(_header(block, "Status"))
    if not recipient or not action or status is None:
        return None
    words = _after_type(_header(block, "Diagnostic-Code")) or _header(block, "Status")
    return Report(recipient[:254], action, status[0], " ".join(words.split())[:300])


def _after_type(text: str) -> str:
    return text.partition(";")[2].strip() if ";" in text else ""


def _returned_head(found: dict[str, Message]) -> Message | None:
    """Return the headers of the letter that came back, in whichever of the usual parts they travel."""
    whole = found.get("message/rfc822") or found.get("message/global")
    if whole is not None:
        payload = whole.get_payload()
        return payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], Message) else None
    for kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
        part = found.get(kind)
        if part is not None:
            return message_from_bytes(_raw(part))
    return None


def _automatic(message: Message) -> str:
    """Return why nobody wrote this himself, or "" (RFC 3834, 2 and 5; RFC 5321, 4.5.5)."""
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return submitted[:40]
    if any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Vacation")):
        return "autoreply"
    if _header(message, "Precedence").strip().lower() in {"auto_reply", "auto-reply", "bulk", "junk"}:
        return "precedence"
    if _header(message, "Return-Path").strip() == "<>":
        return "null-path"
    return ""


def _marks(texts: list[str]) -> list[tuple[int, int]]:
    return marks_in("\n".join(texts))


def _header(message: Message | None, name: str) -> str:
    """Return a header in readable letters; what cannot be decoded stays as it came."""
    value = message.get(name) if message is not None else None
    if value is None:
        return ""
    text = str(value)
    try:
        pieces = [
            part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part
            for part, charset in decode_header(text)
        ]
        text = "".join(pieces)
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        pass
    return " ".join(text.replace("\0", "").encode("utf-8", "replace").decode().split())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _raw(part: Message) -> bytes:
    """Return what a part holds, whether the parser took it for a message of its own or for text."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    return inner.as_bytes() if isinstance(inner, Message) else _bytes(part)


def _words(part: Message) -> str:
    raw = _bytes(part)
    charset = part.get_content_charset() or "utf-8"
    try:
        return raw.decode(charset, "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _text(message: Message) -> str:
    """Return what the writer himself wrote, without what he quoted, at most 20,000 characters."""
    plain = rich = ""
    for part in _parts(message):
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and not plain:
            plain = _words(part)
        elif kind == "text/html" and not rich:
            rich = _words(part)
    text = plain if plain.strip() else without_tags(rich)
    return own_words(text.replace("\0", ""))[:MOST_TEXT]
