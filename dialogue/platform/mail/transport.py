"""Handing a letter over: SMTP with a reused connection, and what its answer means for the delivery."""

from __future__ import annotations

import smtplib
import ssl
from enum import StrEnum
from typing import Protocol

from dialogue.kit.frozen import frozen

CRLF = b"\r\n"
LETTERS_PER_CONNECTION = 100


class Outcome(StrEnum):
    """What became of a letter that was handed over."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@frozen
class Result:
    """The server's answer: its code (0 where it gave none) and its words."""

    outcome: Outcome
    code: int = 0
    text: str = ""


class Transport(Protocol):
    """Something that takes letters."""

    def send(self, envelope_from: str, recipients: list[str], data: bytes) -> Result:
        """Hand one letter over to all recipients or to none; never raise for what the other side does."""

    def close(self) -> None:
        """Let go of the connection."""


class Security(StrEnum):
    """How the connection is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@frozen
class SmtpAddress:
    """Where and how a real mail server is reached."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = ""
    timeout: float = 30.0


def plain_words(text: bytes | str) -> str:
    """Return what a server said as one line of at most 500 characters."""
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).replace("\n", " ").strip()[:500]


def meaning_of(code: int, text: bytes | str) -> Result:
    """Return what an answer before the end of the data means: 4xx may be tried again, 5xx never (RFC 5321, 4.2.1)."""
    outcome = Outcome.REFUSED if 500 <= code <= 599 else Outcome.DEFERRED
    return Result(outcome, code, plain_words(text))


class SmtpTransport:
    """SMTP over one connection that serves many letters and is opened anew when the server closed it."""

    def __init__(self, address: SmtpAddress, *, hello: str = "") -> None:
        self.address = address
        self.hello = hello or None
        self._server: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, envelope_from: str, recipients: list[str], data: bytes) -> Result:
        """Hand the letter over.

        A connection lost before the final dot left is `deferred`: the server may not keep such a letter (RFC 5321, 4.2.5).
        Lost between the final dot and the answer it is `unknown`: nobody can tell (RFC 1047).
        """
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            code = getattr(error, "smtp_code", 0)
            # A refused password or greeting is the server's refusal of us, not of the recipient.
            return Result(Outcome.DEFERRED, int(code), plain_words(getattr(error, "smtp_error", "") or str(error)))
        self._sent += 1
        try:
            refused = self._envelope(server, envelope_from, recipients)
            if refused:
                return refused
            body = smtplib._quote_periods(data) if data.startswith(b".") or b"\n." in data else data  # type: ignore[attr-defined]
            server.send(body if body.endswith(CRLF) else body + CRLF)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Result(Outcome.DEFERRED, 0, plain_words(str(error)))
        return self._finish(server)

    def _envelope(self, server: smtplib.SMTP, envelope_from: str, recipients: list[str]) -> Result | None:
        code, text = server.mail(envelope_from)
        for recipient in recipients if code == 250 else []:
            code, text = server.rcpt(recipient)
            if code not in {250, 251}:
                break
        else:
            if code in {250, 251}:
                code, text = server.docmd("DATA")
                if code == 354:
                    return None
        self._reset(server, code)
        return meaning_of(code, text)

    def _finish(self, server: smtplib.SMTP) -> Result:
        try:
            server.send(b".\r\n")
            code, text = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Result(Outcome.UNKNOWN, 0, plain_words(str(error)))
        if code == 250:
            return Result(Outcome.ACCEPTED, code, plain_words(text))
        if code == 421:
            self.close()
        if 400 <= code <= 599:
            return meaning_of(code, text)
        return Result(Outcome.UNKNOWN, code, plain_words(text))

    def _reset(self, server: smtplib.SMTP, code: int) -> None:
        if code == 421:
            self.close()
            return
        try:
            server.rset()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None and self._sent < LETTERS_PER_CONNECTION:
            try:
                if self._server.noop()[0] == 250:
                    return self._server
            except (OSError, smtplib.SMTPException):
                pass
        self.close()
        where = self.address
        if where.security == Security.TLS:
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(where.host, where.port, self.hello, timeout=where.timeout, context=context)
        else:
            server = smtplib.SMTP(where.host, where.port, self.hello, timeout=where.timeout)
        self._server = server
        if where.security == Security.STARTTLS:
            server.starttls(context=ssl.create_default_context())
        if where.user:
            server.login(where.user, where.password)
        else:
            server.ehlo_or_helo_if_needed()
        self._sent = 0
        return server

    def close(self) -> None:
        """Close the connection, politely where the server still listens."""
        server, self._server = self._server, None
        if server is None:
            return
        try:
            server.close()
        except OSError:
            pass
