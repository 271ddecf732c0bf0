"""Our signatures against an independent verifier."""

from __future__ import annotations

import base64

import dkim
import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.platform.mail.dkim import Signer, make_key, public_record, record_strings, relaxed_body, relaxed_header, sign
from dialogue.platform.mail.letters import assemble
from dialogue.platform.mail.tests.test_letters import BODY, LINE, letter

SIGNER = Signer("romashka.example.org", "d2026", make_key())


def verified(data: bytes) -> bool:
    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"d2026._domainkey.romashka.example.org."
        return public_record(SIGNER.pem).encode()

    return bool(dkim.verify(data, dnsfunc=dns))


@settings(max_examples=60, deadline=None)
@given(subject=LINE, text=BODY, html=BODY)
def test_signature_is_accepted_by_another_library(subject: str, text: str, html: str) -> None:
    data = sign(assemble(letter(subject=subject, text=text, html=html, unsubscribe="https://t.example.org/u/x")), SIGNER)
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert verified(data)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab \t."), max_size=12), max_size=8))
def test_body_of_any_spaces_is_canonical(lines: list[str]) -> None:
    body = "".join(line + "\r\n" for line in lines).encode()
    assert relaxed_body(body) == dkim.canonicalization.Relaxed.canonicalize_body(body)


def test_canonical_forms_of_the_standard() -> None:
    """RFC 6376, 3.4.5, the first example."""
    assert relaxed_header(b"A: X") == b"a:X"
    assert relaxed_header(b"B : Y\t\r\n\tZ  ") == b"b:Y Z"
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"\r\n\r\n") == b""


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"\r\nSubject:", b"\r\nX-Any: yes\r\nSubject:"), (b"7bit", b"7bit"), (b"Words", b"Words  here"), (b"Words", b"Other")],
)
def test_changed_letter_fails(before: bytes, after: bytes) -> None:
    data = sign(assemble(letter(text="Words  here\nand more.\n")), SIGNER)
    changed = data.replace(before, after, 1)
    assert verified(changed) is (after not in {b"Other", b"Words  here"} or changed == data)


@pytest.mark.parametrize("planted", [b"From: boss@romashka.example.org\r\n", b"List-Unsubscribe: <https://evil.example/>\r\n"])
def test_planted_sender_fails(planted: bytes) -> None:
    data = sign(assemble(letter(unsubscribe="https://t.example.org/u/x")), SIGNER)
    head, _gap, rest = data.partition(b"\r\nFrom: ")
    assert not verified(head + b"\r\n" + (b"From: " + rest).replace(b"\r\n\r\n", b"\r\n" + planted + b"\r\n", 1))


def test_public_record_holds_the_key() -> None:
    record = public_record(SIGNER.pem)
    key = load_der_public_key(base64.b64decode(record.partition("p=")[2]))
    assert key.key_size == 2048
    assert "".join(part.strip('"') for part in record_strings(record).split('" "')) == record
    assert all(len(part.strip('"')) <= 255 for part in record_strings(record).split('" "'))
