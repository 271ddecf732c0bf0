"""Many letters over a few SMTP connections at once, each kept busy by pipelining (RFC 2920): the way of campaigns.

`SmtpTransport` waits for every answer; at 50 ms a round trip that is four letters a second and connection. Here the next
letter's envelope leaves together with this letter's final dot, and several connections wait side by side.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from dialogue.kit.frozen import frozen
from dialogue.platform.mail.transport import (
    LETTERS_PER_CONNECTION,
    Outcome,
    Result,
    Security,
    SmtpAddress,
    meaning_of,
    plain_words,
)

LONGEST_LINE = 4096
UNFIT = re.compile(r"[\r\n<>]")
GREETING, LEAVE = b"EHLO", b"QUIT\r\n"
CONNECTIONS = 10
Said = Callable[[int, Result], None]


class Post(Protocol):
    """Something that takes many letters."""

    def send_all(self, parcels: Iterable[Parcel], said: Said) -> None:
        """Hand all letters over and tell the outcome of each, once; never raise for what the other side does."""

    def begin(self, parcels: Iterable[Parcel], said: Said) -> Callable[[], None]:
        """Begin to hand all letters over and return the function that waits until all outcomes are told."""

    def close(self) -> None:
        """Let go of the connections."""


@frozen
class Parcel:
    """One letter for one recipient, as it goes over the wire; `key` names it to the caller."""

    key: int
    sender: str
    recipient: str
    data: bytes

    def commands(self) -> tuple[bytes, bytes, bytes]:
        """Return the commands of the envelope.

        Raises:
            ValueError: an address holds what would end its command.
        """
        return b"MAIL FROM:<%b>\r\n" % _ascii(self.sender), b"RCPT TO:<%b>\r\n" % _ascii(self.recipient), b"DATA\r\n"

    def content(self) -> bytes:
        """Return the letter with its dots doubled and the line that ends it (RFC 5321, 4.5.2)."""
        data = self.data.replace(b"\n.", b"\n..")
        if data.startswith(b"."):
            data = b"." + data
        return data + b".\r\n" if data.endswith(b"\r\n") else data + b"\r\n.\r\n"


def _ascii(address: str) -> bytes:
    # A line end in an address would be a command of its own.
    if UNFIT.search(address):
        message = "an address holds no line ends and no angle brackets"
        raise ValueError(message)
    return address.encode("ascii")


class Lost(Exception):
    """The connection is gone, or the server said that it goes."""

    def __init__(self, code: int = 0, text: str = "") -> None:
        super().__init__(text)
        self.code, self.text = code, text


class NotBegun(Lost):
    """A connection that has served was closed before the server agreed to this letter: another one may take it."""


FAULTS = (OSError, Lost, TimeoutError, asyncio.IncompleteReadError)


class PipelinedTransport:
    """Hands windows of letters over several connections, which stay open from one window to the next."""

    def __init__(self, where: SmtpAddress, *, hello: str = "localhost", connections: int = CONNECTIONS) -> None:
        self.where, self.hello, self.connections = where, hello, connections
        self._idle: list[_Wire] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def send_all(self, parcels: Iterable[Parcel], said: Said) -> None:
        """Hand all letters over and tell `said(key, result)` for each, once, as soon as its outcome is known.

        A letter whose final dot may have left without an answer is told `UNKNOWN` and never tried again here; letters that
        never began are told `DEFERRED`, an address no letter can carry `REFUSED`. At most one letter a connection can be
        unknown at any moment.
        """
        self.begin(parcels, said)()

    def begin(self, parcels: Iterable[Parcel], said: Said) -> Callable[[], None]:
        """Do the same beside the caller's own work; the function returned waits for the end. `said` runs in another thread."""
        waiting: deque[Parcel] = deque()
        for parcel in parcels:
            try:
                parcel.commands()
                waiting.append(parcel)
            except ValueError as error:
                said(parcel.key, Result(Outcome.REFUSED, 0, plain_words(str(error))))
        work = asyncio.run_coroutine_threadsafe(self._work(waiting, said), self._running()) if waiting else None

        def arrive() -> None:
            trouble = work.result() if work is not None else None
            while waiting:
                said(waiting.popleft().key, trouble or Result(Outcome.DEFERRED))

        return arrive

    async def _work(self, waiting: deque[Parcel], said: Said) -> Result | None:
        number = max(1, min(self.connections, len(waiting)))
        troubles = await asyncio.gather(*(self._serve(waiting, said) for _number in range(number)))
        return next(filter(None, troubles), None)

    async def _serve(self, waiting: deque[Parcel], said: Said) -> Result | None:
        """Work off letters over one connection, opened anew while letters go; return why it could not be opened."""
        while waiting:
            wire = self._idle.pop() if self._idle else _Wire(self.where, self.hello)
            try:
                if not wire.is_open:
                    await wire.open()
            except FAULTS as error:
                await wire.close()
                # A server that takes fewer connections leaves the letters to the others.
                return _deferred(error)
            try:
                await _drain(wire, waiting, said)
                self._idle.append(wire)
            except FAULTS:
                await wire.close()
        return None

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="mail", daemon=True)
            self._thread.start()
        return self._loop

    def close(self) -> None:
        """Close the connections, politely."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._leave(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        self._loop = self._thread = None

    async def _leave(self) -> None:
        await asyncio.gather(*(wire.close() for wire in self._idle))
        self._idle.clear()


async def _drain(wire: _Wire, waiting: deque[Parcel], said: Said) -> None:
    """Send letters one behind the other; the envelope of the next leaves with the end of this one."""
    present = waiting.popleft() if waiting else None
    try:
        await wire.write(wire.ahead(present))
        while present is not None:
            parcel, present = present, None
            present = waiting.popleft() if waiting and wire.served + 1 < LETTERS_PER_CONNECTION else None
            try:
                await _one(wire, parcel, wire.ahead(present), said)
            except NotBegun:
                # A fresh connection that refuses it too has served nothing, so it cannot go back for ever.
                waiting.appendleft(parcel)
                raise
        if wire.served >= LETTERS_PER_CONNECTION:
            raise Lost
    except FAULTS:
        # What has not begun goes back: nothing of it reached the server as a letter.
        if present is not None:
            waiting.appendleft(present)
        raise


async def _one(wire: _Wire, parcel: Parcel, behind: bytes, said: Said) -> None:
    """Send the letter whose envelope is on its way; tell its outcome exactly once."""
    try:
        answers = await wire.envelope(parcel)
    except FAULTS as error:
        if wire.served:
            raise NotBegun from error
        said(parcel.key, _deferred(error))
        raise
    code, text = answers[-1]
    if wire.served and answers[0][0] == 421:
        raise NotBegun(*answers[0])
    wire.served += 1
    if len(answers) < 3 or code != 354 or _refusal(answers) is not None:
        said(parcel.key, _refusal(answers) or meaning_of(code, text))
        # A server that says 354 without a recipient waits for an empty letter (RFC 2920, 3.1).
        await wire.write((b".\r\n" if code == 354 else b"") + b"RSET\r\n" + behind)
        for _answer in range(2 if code == 354 else 1):
            await wire.answer()
        return
    try:
        await wire.write(parcel.content() + behind)
        code, text = await wire.answer()
    except FAULTS as error:
        # The final dot may have arrived: nobody can tell (RFC 1047).
        said(parcel.key, Result(Outcome.UNKNOWN, 0, plain_words(str(error))))
        raise
    said(parcel.key, Result(Outcome.ACCEPTED, code, text) if code == 250 else _final(code, text))
    if code == 421:
        raise Lost(code, text)


def _refusal(answers: list[tuple[int, str]]) -> Result | None:
    """Return what the first answer that is no consent to the envelope means, None where all are."""
    for (code, text), fine in zip(answers, ({250}, {250, 251}, {354}), strict=False):
        if code not in fine:
            return meaning_of(code, text)
    return None


def _deferred(error: BaseException) -> Result:
    return Result(Outcome.DEFERRED, getattr(error, "code", 0) or 0, plain_words(getattr(error, "text", "") or str(error)))


def _final(code: int, text: str) -> Result:
    return meaning_of(code, text) if 400 <= code <= 599 else Result(Outcome.UNKNOWN, code, text)


class _Answers(asyncio.Protocol):
    """What the server says over one connection, line by line.

    Streams would make several coroutines and a task of each line: half of the time a letter takes.
    """

    def __init__(self) -> None:
        self.said: deque[tuple[int, str]] = deque()
        self.fault: BaseException | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.ready: asyncio.Future[None] | None = None
        self.gone = asyncio.Event()
        self.deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._held = b""
        self._words: list[str] = []

    def data_received(self, data: bytes) -> None:
        """Keep whole answers and wake who waits for one."""
        lines = (self._held + data).split(b"\n")
        self._held = lines.pop()
        for line in lines:
            self._hear(line)
        if len(self._held) > LONGEST_LINE:
            self._break(Lost())
        self._wake()

    def _hear(self, line: bytes) -> None:
        if len(line) > LONGEST_LINE or not line[:3].isdigit():
            self._break(Lost(0, line[:200].decode("utf-8", "replace")))
        elif line[3:4] == b"-":
            self._words.append(line[4:].decode("utf-8", "replace").strip())
        else:
            words = line[4:].decode("utf-8", "replace").strip()
            if self._words:
                words, self._words = " ".join([*self._words, words]), []
            self.said.append((int(line[:3]), plain_words(words)))

    def _break(self, fault: BaseException) -> None:
        self.fault = self.fault or fault

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let who waits know."""
        self._break(exc or Lost())
        self._wake()
        self.resume_writing()
        if self._watch is not None:
            self._watch.cancel()
        self.gone.set()

    def expect_by(self, deadline: float, loop: asyncio.AbstractEventLoop) -> None:
        """Let who waits know when it takes longer; a timer of its own for each answer would cost as much as the answer."""
        self.deadline = deadline
        if self._watch is None:
            self._watch = loop.call_at(deadline, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = None
        if self.waiter is None or self.waiter.done():
            return
        if loop.time() < self.deadline:
            self._watch = loop.call_at(self.deadline, self._look, loop)
        else:
            self.waiter.set_exception(TimeoutError())

    def pause_writing(self) -> None:
        """Let who writes wait: the other side does not take so much."""
        self.ready = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let who writes go on."""
        if self.ready is not None and not self.ready.done():
            self.ready.set_result(None)
        self.ready = None


class _Wire:
    """One connection."""

    def __init__(self, where: SmtpAddress, hello: str) -> None:
        self.where, self.hello = where, hello.encode()
        self.pipelines = False
        self.is_open = False
        self.served = 0
        self._answers = _Answers()
        self._transport: asyncio.Transport | None = None

    async def open(self) -> None:
        """Connect, greet, protect, sign in.

        Raises:
            Lost: the server refused us.
            OSError: there is no server.
        """
        where = self.where
        context = ssl.create_default_context() if where.security != Security.NONE else None
        implicit = context if where.security == Security.TLS else None
        loop = asyncio.get_running_loop()
        self._answers = _Answers()
        self._transport, _protocol = await asyncio.wait_for(
            loop.create_connection(lambda: self._answers, where.host, where.port, ssl=implicit), where.timeout
        )
        await self._expect(b"", 220)
        known = await self._expect(GREETING + b" " + self.hello + b"\r\n", 250)
        if where.security == Security.STARTTLS:
            await self._expect(b"STARTTLS\r\n", 220)
            # What came before the protection is nobody's word (CVE-2011-0411).
            if self._answers.said:
                raise Lost
            context = context or ssl.create_default_context()
            assert self._transport is not None
            upgraded = loop.start_tls(self._transport, self._answers, context, server_hostname=where.host)
            self._transport = await asyncio.wait_for(upgraded, where.timeout)
            known = await self._expect(GREETING + b" " + self.hello + b"\r\n", 250)
        if where.user:
            await self._sign_in(known)
        self.pipelines = "PIPELINING" in known.upper().split()
        self.is_open = True

    async def _sign_in(self, known: str) -> None:
        where = self.where
        if "LOGIN" in known.upper() and "PLAIN" not in known.upper():
            await self._expect(b"AUTH LOGIN\r\n", 334)
            await self._expect(base64.b64encode(where.user.encode()) + b"\r\n", 334)
            await self._expect(base64.b64encode(where.password.encode()) + b"\r\n", 235)
            return
        secret = base64.b64encode(f"\0{where.user}\0{where.password}".encode())
        await self._expect(b"AUTH PLAIN " + secret + b"\r\n", 235)

    async def _expect(self, command: bytes, wanted: int) -> str:
        if command:
            await self.write(command)
        code, text = await self.answer()
        if code != wanted:
            raise Lost(code, text)
        return text

    def ahead(self, parcel: Parcel | None) -> bytes:
        """Return what of a letter may leave before the answers to the one before it."""
        return b"".join(parcel.commands()) if parcel is not None and self.pipelines else b""

    async def envelope(self, parcel: Parcel) -> list[tuple[int, str]]:
        """Return the answers to the envelope's commands; without pipelining send them one by one, up to the first refusal."""
        if self.pipelines:
            return [await self.answer() for _command in range(3)]
        answers: list[tuple[int, str]] = []
        for command in parcel.commands():
            await self.write(command)
            answers.append(await self.answer())
            if _refusal(answers) is not None:
                break
        return answers

    async def write(self, data: bytes) -> None:
        """Send bytes; wait only while the other side does not take them."""
        if self._transport is None or self._answers.fault is not None:
            raise self._answers.fault or Lost()
        if not data:
            return
        self._transport.write(data)
        if self._answers.ready is not None:
            await asyncio.wait_for(asyncio.shield(self._answers.ready), self.where.timeout)

    async def answer(self) -> tuple[int, str]:
        """Return one answer: its code and its words.

        Raises:
            Lost: the server closed, or did not speak SMTP.
            TimeoutError: it did not speak in time.
        """
        answers = self._answers
        if not answers.said:
            await self._wait(answers)
        return answers.said.popleft()

    async def _wait(self, answers: _Answers) -> None:
        loop = asyncio.get_running_loop()
        answers.expect_by(loop.time() + self.where.timeout, loop)
        while not answers.said:
            if answers.fault is not None:
                raise answers.fault
            answers.waiter = loop.create_future()
            await answers.waiter

    async def close(self) -> None:
        """Say good-bye without waiting for an answer, and let go."""
        self.is_open = False
        if self._transport is None:
            return
        with suppress(OSError, RuntimeError):
            if not self._transport.is_closing():
                self._transport.write(LEAVE)
            self._transport.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._answers.gone.wait(), 1)
