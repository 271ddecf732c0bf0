"""Handing letters over to a real SMTP server on the loopback address."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from dialogue.platform.mail.letters import assemble
from dialogue.platform.mail.tests.post_office import PostOffice, post_office
from dialogue.platform.mail.tests.test_letters import letter, read
from dialogue.platform.mail.transport import Outcome, Security, SmtpAddress, SmtpTransport

DATA = assemble(letter(text=".a line that begins with a dot\nПривет\n"))


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


def transport(office: PostOffice) -> SmtpTransport:
    return SmtpTransport(SmtpAddress("127.0.0.1", office.port, Security.NONE, timeout=5), hello="dialogue.example.org")


def test_letters_go_over_one_connection(office: PostOffice) -> None:
    way = transport(office)
    for _number in range(3):
        assert way.send("sales@romashka.example.org", ["ivan@example.org"], DATA).outcome is Outcome.ACCEPTED
    way.close()
    assert [taken.data for taken in office.letters] == [DATA] * 3
    assert office.letters[0].envelope_from == "sales@romashka.example.org"
    assert office.letters[0].recipients == ["ivan@example.org"]
    assert read(office.letters[0].data)["From"].addresses[0].display_name == "Ромашка"
    assert len({taken.peer for taken in office.letters}) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 no such user", Outcome.REFUSED),
        ("451 4.7.1 try later", Outcome.DEFERRED),
        ("552 5.2.2 full", Outcome.REFUSED),
    ],
)
@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_answer_of_the_server_is_the_outcome(office: PostOffice, answer: str, outcome: Outcome, stage: str) -> None:
    getattr(office, stage)["ivan@example.org"] = answer
    way = transport(office)
    result = way.send("sales@romashka.example.org", ["ivan@example.org"], DATA)
    assert (result.outcome, result.code) == (outcome, int(answer[:3]))
    assert answer[4:] in result.text
    assert way.send("sales@romashka.example.org", ["olga@example.org"], DATA).outcome is Outcome.ACCEPTED
    way.close()


def test_connection_lost_before_the_answer_leaves_the_outcome_unknown(office: PostOffice) -> None:
    office.hang_up = True
    way = transport(office)
    assert way.send("sales@romashka.example.org", ["ivan@example.org"], DATA).outcome is Outcome.UNKNOWN
    office.hang_up = False
    assert way.send("sales@romashka.example.org", ["ivan@example.org"], DATA).outcome is Outcome.ACCEPTED
    way.close()


def test_absent_server_defers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    way = SmtpTransport(SmtpAddress("127.0.0.1", port, Security.NONE, timeout=2))
    assert way.send("a@example.org", ["b@example.org"], DATA).outcome is Outcome.DEFERRED
    way.close()
