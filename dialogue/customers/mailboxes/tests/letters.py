"""Messages as the world's servers and programs write them."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime

from django.utils import timezone


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def head_of(letter: bytes) -> str:
    """Return the headers of a letter of ours, as servers send them back."""
    return letter.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()


def returned(
    letter: bytes,
    *,
    to: str,
    action: str = "failed",
    status: str = "5.1.1",
    at: str = "back@romashka.example.org",
    whole: bool = False,
) -> bytes:
    """Return a report of non-delivery as RFC 3464 has it, with the returned letter or its headers."""
    kind = "message/rfc822" if whole else "text/rfc822-headers"
    inner = letter.replace(b"\r\n", b"\n").decode() if whole else head_of(letter)
    code = "550" if status.startswith("5") else "450"
    return _crlf(f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: {at}
Subject: Undelivered Mail Returned to Sender
Date: {format_datetime(timezone.now())}
Message-ID: <{abs(hash((letter, action, status, at)))}@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: {format_datetime(timezone.now())}

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {code} {status} <{to}>: said so

--b1
Content-Type: {kind}

{inner}

--b1--
""")


def complained(letter: bytes, *, kind: str = "abuse") -> bytes:
    """Return a complaint as RFC 5965 has it."""
    return _crlf(f"""From: <abusedesk@example.com>
Date: {format_datetime(timezone.now())}
Subject: FW: Earn money
To: <sales@romashka.example.org>
Message-ID: <{abs(hash((letter, kind)))}@example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
 boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <dulikov@avtoprom.example.org>

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

{head_of(letter)}

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
""")


def reply(letter: bytes | None, text: str, *, sender: str, subject: str = "", **headers: str) -> bytes:
    """Return an answer as a mail program writes it: with references and the quoted letter under it."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = "sales@romashka.example.org"
    message["Date"] = format_datetime(timezone.now())
    message["Message-ID"] = f"<{abs(hash((text, sender, subject)))}@avtoprom.example.org>"
    quoted = ""
    if letter is not None:
        ours = message_from_bytes(letter, policy=policy.default)
        message["In-Reply-To"] = message["References"] = ours["Message-ID"]
        subject = subject or f"Re: {ours['Subject']}"
        quoted = "\n\n22.11.2026 18:33, Ромашка пишет:\n> Здравствуйте.\n> Это прежнее письмо"
    message["Subject"] = subject or "Вопрос"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text + quoted)
    return message.as_bytes()
