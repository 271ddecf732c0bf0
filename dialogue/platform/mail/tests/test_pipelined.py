"""Many letters at once against a server that keeps them, refuses, hangs up or is not there."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.kit.ports import free_port
from dialogue.platform.mail.pipelined import Parcel, PipelinedTransport
from dialogue.platform.mail.tests.sink import Sink, sink
from dialogue.platform.mail.transport import Outcome, Result, Security, SmtpAddress


def _parcels(number: int) -> list[Parcel]:
    return [
        Parcel(key, "news@example.org", f"p{key}@example.org", b"Subject: %d\r\n\r\nText\r\n" % key) for key in range(number)
    ]


def _send(kept: Sink, parcels: list[Parcel], connections: int = 4, window: int = 0, timeout: float = 5) -> dict[int, Result]:
    said: list[tuple[int, Result]] = []
    way = PipelinedTransport(SmtpAddress("127.0.0.1", kept.port, Security.NONE, timeout=timeout), connections=connections)
    try:
        for start in range(0, len(parcels), window or len(parcels)):
            way.send_all(parcels[start : start + (window or len(parcels))], lambda key, result: said.append((key, result)))
    finally:
        way.close()
    # Every letter is told exactly once, whatever happens.
    assert sorted(key for key, _result in said) == sorted(parcel.key for parcel in parcels)
    return dict(said)


@pytest.mark.parametrize("pipelines", [True, False])
def test_every_letter_arrives_once_over_few_connections(pipelines: bool) -> None:
    with sink(pipelines=pipelines) as kept:
        found = _send(kept, _parcels(450))
    assert {result.outcome for result in found.values()} == {Outcome.ACCEPTED}
    assert Counter(address for address, _data in kept.letters) == Counter(f"p{key}@example.org" for key in range(450))
    # The server may learn of a closed connection after the next one has come.
    assert kept.widest <= 8
    assert kept.connections < 10


@pytest.mark.parametrize("pipelines", [True, False])
def test_no_more_connections_are_open_than_were_allowed(pipelines: bool) -> None:
    # Few enough that none is closed and opened anew: the server would learn of that too late to count exactly.
    with sink(pipelines=pipelines) as kept:
        _send(kept, _parcels(60))
    assert kept.connections == kept.widest <= 4


@pytest.mark.parametrize("pipelines", [True, False])
@pytest.mark.parametrize("after", [b"503 no recipient\r\n", b"354 go on\r\n"])
def test_a_refused_recipient_stops_only_his_own_letter(pipelines: bool, after: bytes) -> None:
    refused = {"p3@example.org": b"550 5.1.1 unknown\r\n", "p7@example.org": b"451 later\r\n"}
    with sink(pipelines=pipelines, answers=refused, data_without_recipient=after) as kept:
        found = _send(kept, _parcels(12), connections=2)
    assert found[3].outcome is Outcome.REFUSED
    assert (found[3].code, found[3].text) == (550, "5.1.1 unknown")
    assert found[7].outcome is Outcome.DEFERRED
    assert sum(result.outcome is Outcome.ACCEPTED for result in found.values()) == len(kept.letters) == 10


def test_the_last_answer_decides_what_became_of_a_letter() -> None:
    finals = {"p1@example.org": b"554 spam\r\n", "p2@example.org": b"452 full\r\n", "p4@example.org": b"421 closing\r\n"}
    with sink(finals=finals) as kept:
        found = _send(kept, _parcels(8), connections=1)
    assert [found[key].outcome for key in (1, 2, 4)] == [Outcome.REFUSED, Outcome.DEFERRED, Outcome.DEFERRED]
    assert len(kept.letters) == 5


def test_no_answer_after_the_final_dot_is_unknown_and_never_repeated() -> None:
    lost = {f"p{key}@example.org" for key in (2, 5, 6)}
    with sink(hang_up=lost) as kept:
        found = _send(kept, _parcels(20), connections=2)
    assert {key for key, result in found.items() if result.outcome is Outcome.UNKNOWN} == {2, 5, 6}
    assert max(Counter(address for address, _data in kept.letters).values()) == 1
    assert len(kept.letters) == 20


@pytest.mark.parametrize("pipelines", [True, False])
def test_a_server_that_falls_silent_keeps_nobody_waiting(pipelines: bool) -> None:
    with sink(pipelines=pipelines, silent={"p3@example.org"}) as kept:
        found = _send(kept, _parcels(20), connections=2, timeout=0.3)
    outcomes = {key: result.outcome for key, result in found.items()}
    assert outcomes.pop(3) == Outcome.UNKNOWN
    assert set(outcomes.values()) == {Outcome.ACCEPTED}


def test_a_connection_lost_before_the_letter_defers_it_and_the_others_go() -> None:
    with sink(vanish={"p2@example.org"}) as kept:
        found = _send(kept, _parcels(10), connections=1)
    assert found[2].outcome is Outcome.DEFERRED
    assert len(kept.letters) == 9


def test_a_server_that_takes_few_connections_gets_all_letters_over_these() -> None:
    with sink(most=2) as kept:
        found = _send(kept, _parcels(60), connections=8)
    assert {result.outcome for result in found.values()} == {Outcome.ACCEPTED}


def test_windows_use_the_connections_of_the_windows_before() -> None:
    with sink() as kept:
        found = _send(kept, _parcels(300), connections=3, window=20)
    assert {result.outcome for result in found.values()} == {Outcome.ACCEPTED}
    assert kept.connections <= 6


def test_connections_that_the_server_closed_meanwhile_are_opened_anew() -> None:
    with sink(shuts_after=7) as kept:
        found = _send(kept, _parcels(60), connections=2, window=20)
    assert {result.outcome for result in found.values()} == {Outcome.ACCEPTED}
    assert max(Counter(address for address, _data in kept.letters).values()) == 1
    assert kept.connections >= 6


def test_no_server_defers_everything() -> None:
    found = _send(Sink(port=free_port()), _parcels(5))
    assert {result.outcome for result in found.values()} == {Outcome.DEFERRED}


def test_an_address_with_a_line_end_is_refused_before_it_becomes_a_command() -> None:
    with sink() as kept:
        bad = Parcel(1, "a@example.org", "b@example.org>\r\nRCPT TO:<c@example.org", b"x\r\n")
        found = _send(kept, [*_parcels(1), bad])
    assert found[1].outcome is Outcome.REFUSED
    assert [address for address, _data in kept.letters] == ["p0@example.org"]


@given(st.lists(st.sampled_from([b".", b"..", b"a", b".a", b""]), max_size=8), st.booleans())
def test_dots_arrive_as_they_were_written(lines: list[bytes], ended: bool) -> None:
    data = b"\r\n".join([b"Subject: x", b"", *lines]) + (b"\r\n" if ended else b"")
    sent = Parcel(1, "a@example.org", "b@example.org", data).content()
    body, end = sent[:-3], sent[-3:]
    assert end == b".\r\n"
    assert b"\r\n.\r\n" not in b"\r\n" + body
    back = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in body.split(b"\r\n"))
    assert back == (data if data.endswith(b"\r\n") else data + b"\r\n")
