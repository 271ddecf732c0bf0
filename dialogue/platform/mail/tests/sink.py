"""A mail server on the loopback address that takes letters as fast as they come, pipelined or not, and misbehaves as a test wishes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Sink:
    """What arrived, and how the server behaves.

    `answers` maps a recipient to the answer to RCPT, `finals` to the answer to the final dot; `hang_up` names recipients whose
    connection is dropped after the dot without an answer, `silent` those after whose dot nothing is said any more, `vanish` those
    dropped before DATA is answered; `most` limits connections at a time, `shuts_after` the letters of one; without `keeps` letters are taken and forgotten.
    """

    pipelines: bool = True
    answers: dict[str, bytes] = field(default_factory=dict)
    finals: dict[str, bytes] = field(default_factory=dict)
    hang_up: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    vanish: set[str] = field(default_factory=set)
    most: int = 100
    shuts_after: int = 0
    keeps: bool = True
    data_without_recipient: bytes = b"503 no recipient\r\n"
    letters: list[tuple[str, bytes]] = field(default_factory=list)
    busy: int = 0
    widest: int = 0
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        self.busy += 1
        self.connections += 1
        self.widest = max(self.widest, self.busy)
        try:
            if self.busy > self.most:
                writer.write(b"421 too many connections\r\n")
                return
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            self.busy -= 1
            with suppress(ConnectionError):
                writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        recipients: list[str] = []
        kept = 0
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                writer.write(
                    b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n" if self.pipelines else b"250-sink\r\n250 8BITMIME\r\n"
                )
            elif word == b"RCPT":
                address = line.decode().partition("<")[2].partition(">")[0]
                answer = self.answers.get(address, b"250 fine\r\n")
                recipients += [address] if answer.startswith(b"2") else []
                writer.write(answer)
            elif word == b"DATA":
                if self.vanish & set(recipients):
                    writer.transport.abort()
                    return
                writer.write(b"354 go on\r\n" if recipients else self.data_without_recipient)
                if recipients or self.data_without_recipient.startswith(b"354"):
                    data = await reader.readuntil(b"\r\n.\r\n") if recipients else await reader.readuntil(b".\r\n")
                    if recipients and not await self._keep(recipients, data, reader, writer):
                        return
                    kept += bool(recipients)
                    if self.shuts_after and kept >= self.shuts_after:
                        await writer.drain()
                        return
                    if not recipients:
                        writer.write(b"554 nobody\r\n")
                    recipients = []
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                recipients = [] if word == b"RSET" else recipients
                writer.write(b"250 fine\r\n")
            await writer.drain()

    async def _keep(
        self, recipients: list[str], data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        final = self.finals.get(recipients[0], b"250 kept\r\n")
        if final.startswith(b"2") and self.keeps:
            self.letters.append((recipients[0], data[:-3].replace(b"\r\n..", b"\r\n.")))
        if self.hang_up & set(recipients):
            writer.transport.abort()
            return False
        if self.silent & set(recipients):
            await reader.read()
            return False
        writer.write(final)
        return True


@contextmanager
def sink(**behaviour: object) -> Iterator[Sink]:
    """Run the server on a free port for the length of a block."""
    kept = Sink(**behaviour)  # type: ignore[arg-type]
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(kept.serve, "127.0.0.1", 0, limit=1 << 22)
        kept.port = server.sockets[0].getsockname()[1]
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(run()), loop.run_forever()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield kept
    finally:
        asyncio.run_coroutine_threadsafe(_end_others(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end_others() -> None:
    talks = asyncio.all_tasks() - {asyncio.current_task()}
    for talk in talks:
        talk.cancel()
    await asyncio.gather(*talks, return_exceptions=True)
