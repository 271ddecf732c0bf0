"""Rules of reading on their own: any bytes are understood or refused, and what was quoted is told from what was written."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.customers.mailboxes.imap import folder_name
from dialogue.customers.mailboxes.models import Kind
from dialogue.customers.mailboxes.quoting import own_words, without_tags
from dialogue.customers.mailboxes.reading import Unreadable, digest_of, hear
from dialogue.customers.mailboxes.tests.letters import complained, reply, returned

LETTER = b"Message-ID: <a@b>\r\nSubject: x\r\n\r\ntext\r\n"
SEEDS = [
    returned(LETTER, to="x@example.org"),
    complained(LETTER),
    reply(None, "Здравствуйте", sender="x@example.org"),
]


@given(st.binary(max_size=600))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert hear(data).kind in Kind.values


@given(st.sampled_from(SEEDS), st.integers(0, 2500), st.binary(max_size=40), st.integers(0, 60))
def test_damaged_messages_break_nothing(seed: bytes, at: int, damage: bytes, gone: int) -> None:
    with contextlib.suppress(Unreadable):
        assert hear(seed[:at] + damage + seed[at + gone :]).kind in Kind.values


def test_report_lacking_what_the_standard_requires_is_not_guessed() -> None:
    for line in (b"Final-Recipient: rfc822; x@example.org\r\n", b"Action: failed\r\n", b"Status: 5.1.1\r\n"):
        heard = hear(SEEDS[0].replace(line, b""))
        assert (heard.kind, heard.report, heard.note) == (Kind.BOUNCE, None, "no-status")
    assert hear(SEEDS[0]).report is not None


def test_words_of_a_plain_text_are_never_a_report() -> None:
    text = "550 5.1.1 user unknown\nFinal-Recipient: rfc822; x@example.org\nAction: failed\nStatus: 5.1.1"
    assert hear(reply(None, text, sender="x@example.org")).kind == Kind.REPLY


def test_copy_of_a_message_is_known_by_its_content() -> None:
    assert digest_of(SEEDS[2]) == digest_of(b"Delivered-To: y@example.org\r\n" + SEEDS[2])
    assert digest_of(SEEDS[2]) != digest_of(SEEDS[2] + b"more")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Да\n\nOn Mon, 3 Mar 2026 at 10:00, Anna <a@example.org> wrote:\n> Hi", "Да"),
        ("Да\n\nOn Mon, 3 Mar 2026 at 10:00, Anna\n<a@example.org> wrote:\n> Hi", "Да"),
        ("Да\n\nвс, 22 нояб. 2026 г. в 18:33, Анна <a@example.org>:\n> Hi", "Да"),
        ("Da\n\nÎn lun., 3 mar. 2026 la 10:00, Ana <a@example.org> a scris:\n> Bună", "Da"),
        ("Так\n\n-----Original Message-----\nFrom: x\nold", "Так"),
        ("Да\nОт: Анна <a@example.org>\nТема: x", "Да"),
        ("> вопрос\nмой ответ под ним", "мой ответ под ним"),
        ("> только цитата", "> только цитата"),
        ("мне никто не написал", "мне никто не написал"),
    ],
)
def test_quoted_letter_is_left_out(text: str, own: str) -> None:
    assert own_words(text) == own


def test_html_letter_is_read_as_its_words() -> None:
    html = "<style>p{}</style><p>Да,&nbsp;<b>беру</b></p><div>два</div><blockquote>старое</blockquote><script>x</script>"
    assert without_tags(html) == "Да, беру\n\nдва"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("INBOX", '"INBOX"'),
        ("R&D", '"R&-D"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("台北", '"&U,BTFw-"'),
        ("日本語/x", '"&ZeVnLIqe-/x"'),
    ],
)
def test_folder_is_written_as_the_protocol_asks(name: str, written: str) -> None:
    assert folder_name(name) == written
