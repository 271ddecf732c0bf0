"""A letter and its bytes: MIME written directly (RFC 5322, 2045-2047), seven bits wide so that no relay breaks a signature."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import field
from datetime import UTC, datetime
from email.utils import format_datetime

from dialogue.kit.frozen import frozen
from dialogue.platform.mail.addresses import Address
from dialogue.platform.mail.headers import mailbox, refuse_control, unstructured

LINE_LIMIT = 998  # RFC 5322, 2.1.1: octets in a line without CRLF
LINE_ENDS = re.compile(r"\r\n|\r|\n")
FROM_LINE = re.compile(rb"^From ", re.MULTILINE)
ONE_CLICK = "List-Unsubscribe=One-Click"


@frozen
class Letter:
    """What is sent to one recipient.

    `message_id` is without angle brackets and unique for ever. `unsubscribe` is the https (or loopback) address of RFC 8058
    that takes the one-click POST; `automatic` marks a letter no person wrote (RFC 3834).
    """

    sender: Address
    to: Address
    subject: str
    text: str
    message_id: str
    html: str = ""
    reply_to: Address | None = None
    unsubscribe: str = ""
    automatic: bool = False
    language: str = ""
    date: datetime = field(default_factory=lambda: datetime.now(UTC))


def _transfer(text: str) -> tuple[str, bytes]:
    """Return the transfer encoding and the encoded body, CRLF lines, at most 998 octets each.

    Never 8bit: a relay without 8BITMIME would recode the body and break the signature (RFC 6376, 5.3).
    """
    body = LINE_ENDS.sub("\r\n", text)
    raw = (body if body.endswith("\r\n") else body + "\r\n").encode("utf-8", "replace")
    if raw.isascii() and b"\0" not in raw and not FROM_LINE.search(raw) and max(map(len, raw.split(b"\r\n"))) <= LINE_LIMIT:
        return "7bit", raw
    wide = sum(1 for byte in raw if byte > 0x7E or byte == 0x3D)
    if wide * 6 > len(raw):
        return "base64", base64.encodebytes(raw).replace(b"\n", b"\r\n")
    quoted = binascii.b2a_qp(raw, quotetabs=False, istext=True, header=False)
    # A relay that writes mbox files would turn "From " at a line's start into ">From ".
    return "quoted-printable", re.sub(rb"(?m)^From ", b"=46rom ", quoted)


def _part(subtype: str, text: str) -> bytes:
    encoding, body = _transfer(text)
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _heads(letter: Letter) -> list[str]:
    lines = [
        mailbox("From", letter.sender),
        mailbox("To", letter.to),
        unstructured("Subject", letter.subject),
        f"Date: {format_datetime(letter.date)}",
        f"Message-ID: <{refuse_control(letter.message_id, 'Message-ID')}>",
        "MIME-Version: 1.0",
    ]
    if letter.reply_to:
        lines.append(mailbox("Reply-To", letter.reply_to))
    if letter.unsubscribe:
        lines.append(f"List-Unsubscribe: <{refuse_control(letter.unsubscribe, 'List-Unsubscribe')}>")
        lines.append(f"List-Unsubscribe-Post: {ONE_CLICK}")
    if letter.automatic:
        lines.append("Auto-Submitted: auto-generated")
    if letter.language:
        lines.append(f"Content-Language: {refuse_control(letter.language, 'Content-Language')}")
    return lines


def assemble(letter: Letter) -> bytes:
    """Return the letter's bytes as they go over SMTP: plain text first, then HTML where there is any.

    Raises:
        UnsafeHeader: a name or the subject holds a line break.
    """
    heads = "\r\n".join(_heads(letter)).encode() + b"\r\n"
    if not letter.html:
        return heads + _part("plain", letter.text)
    # "=_" stands in neither quoted-printable nor base64, so the boundary cannot occur inside (RFC 2045, 6.7).
    boundary = f"=_{secrets.token_hex(12)}"
    mark = f"--{boundary}\r\n".encode()
    return b"".join(
        (
            heads,
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
            mark,
            _part("plain", letter.text),
            # The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1).
            b"\r\n" + mark,
            _part("html", letter.html),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
