"""Letters against the standards, read back by Python's own parser."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.platform.mail.addresses import Address, address_key, parse_email
from dialogue.platform.mail.errors import BadAddress, UnsafeHeader
from dialogue.platform.mail.letters import Letter, assemble

WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)
BODY = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=3000)
WORD = re.compile(rb"=\?utf-8\?[bq]\?[^?]*\?=")


def letter(**fields: object) -> Letter:
    given_fields: dict = {
        "sender": Address("sales@romashka.example.org", "Ромашка"),
        "to": Address("ivan@example.org", "Иван Дуликов"),
        "subject": "Приглашение",
        "text": "Здравствуйте.\n",
        "message_id": "abc@romashka.example.org",
        "date": WHEN,
    }
    return Letter(**(given_fields | fields))


def read(data: bytes) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(data, policy=policy.default))


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    assert part is not None
    return part.get_content()


def check_form(data: bytes) -> None:
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    heads = data.partition(b"\r\n\r\n")[0]
    assert all(len(word) <= 75 for word in WORD.findall(heads))


@given(subject=LINE, name=LINE, text=BODY, html=BODY)
def test_letter_reads_back_as_written(subject: str, name: str, text: str, html: str) -> None:
    data = assemble(letter(subject=subject, to=Address("ivan@example.org", name), text=text, html=html))
    check_form(data)
    message = read(data)
    assert str(message["Subject"]) == subject.strip()
    # This parser folds runs of spaces inside a display name and keeps the fold between two encoded words.
    assert "".join(message["To"].addresses[0].display_name.split()) == "".join(name.split())
    assert message["To"].addresses[0].addr_spec == "ivan@example.org"
    plain = text if text.endswith("\n") else text + "\n"
    assert body_of(message, "plain").replace("\r\n", "\n") == plain
    if html:
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@given(st.text(st.sampled_from("аяЖ😀é a="), min_size=1, max_size=200))
def test_encoded_words_are_short_and_whole(subject: str) -> None:
    heads = assemble(letter(subject=subject)).partition(b"\r\n\r\n")[0]
    for word in WORD.findall(heads):
        assert len(word) <= 75
        assert read(b"Subject: " + word + b"\r\n\r\n")["Subject"].defects == ()
    folded = [line for line in heads.split(b"\r\n") if line.startswith((b"Subject", b" =?"))]
    assert max(map(len, folded)) <= 78


def test_standard_fields_stand_once() -> None:
    message = read(assemble(letter(automatic=True, language="ru", html="<p>Да</p>")))
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted"):
        assert len(message.get_all(name, [])) == 1, name
    assert message["Date"] == "Sun, 01 Mar 2026 09:30:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<abc@romashka.example.org>"
    assert message["List-Unsubscribe"] is None


def test_unsubscribe_is_one_click() -> None:
    message = read(assemble(letter(unsubscribe="https://t.example.org/u/token")))
    assert message["List-Unsubscribe"] == "<https://t.example.org/u/token>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("bad", ["one\r\nBcc: all@example.org", "one\ntwo", "a\0b", "a\u2028b"])
@pytest.mark.parametrize("place", ["subject", "sender", "to", "unsubscribe", "message_id"])
def test_line_break_in_a_field_is_refused(place: str, bad: str) -> None:
    value: object = Address("a@example.org", bad) if place in {"sender", "to"} else bad
    with pytest.raises(UnsafeHeader):
        assemble(letter(**{place: value}))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Plain words.\n", "7bit"),
        ("Bună ziua, vă mulțumim pentru comanda de ieri: a plecat astăzi.\n", "quoted-printable"),
        ("Здравствуйте, заказ отправлен.\n", "base64"),
        ("From the start of a line\n", "quoted-printable"),
        ("x" * 999 + "\n", "quoted-printable"),
    ],
)
def test_transfer_encoding_suits_the_text(text: str, encoding: str) -> None:
    data = assemble(letter(text=text))
    check_form(data)
    assert read(data)["Content-Transfer-Encoding"] == encoding
    assert body_of(read(data), "plain").replace("\r\n", "\n") == text
    assert b"\r\nFrom " not in data


@pytest.mark.parametrize(
    ("given_address", "parsed"),
    [
        ("Ivan@Example.ORG", "Ivan@example.org"),
        (" info@пример.рф ", "info@xn--e1afmkfd.xn--p1ai"),
        ("a+b@münchen.example", "a+b@xn--mnchen-3ya.example"),
    ],
)
def test_address_takes_its_sending_form(given_address: str, parsed: str) -> None:
    assert parse_email(given_address) == parsed
    assert address_key(given_address) == parsed.lower()


@pytest.mark.parametrize(
    "bad", ["", "ivan", "ivan@", "@example.org", "ivan@localhost", "иван@пример.рф", "a b@example.org", "a..b@example.org",
            f"{'a' * 65}@example.org", "a@-bad-.example", f"a@{'b.' * 130}org", "a@exa mple.org", "a\n@example.org"]
)  # fmt: skip
def test_bad_address_is_refused(bad: str) -> None:
    with pytest.raises(BadAddress):
        parse_email(bad)
