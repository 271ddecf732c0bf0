"""A real SMTP server on the loopback address that keeps what it takes and answers as a test wishes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

from dialogue.kit.ports import free_port


@dataclass
class Taken:
    """A letter as it arrived."""

    envelope_from: str
    recipients: list[str]
    data: bytes
    peer: Any = None


@dataclass
class PostOffice:
    """What arrived, and what is answered to whom: `rcpt` and `data` map a recipient to the server's answer."""

    letters: list[Taken] = field(default_factory=list)
    rcpt: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    port: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.rcpt:
            return self.rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        for address in envelope.rcpt_tos:
            if address in self.data:
                return self.data[address]
        self.letters.append(Taken(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content, session.peer))
        if self.hang_up:
            server.transport.abort()
        return "250 kept"


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """Run the server for the length of a block on a free port."""
    office = PostOffice(port=free_port())
    controller = Controller(office, hostname="127.0.0.1", port=office.port, ready_timeout=10)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
