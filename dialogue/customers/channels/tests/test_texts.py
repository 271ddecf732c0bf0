"""From what a person writes to plain text and HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.customers.channels.rules import Bounce, bounce_of, next_delay
from dialogue.customers.channels.texts import fill, html_body, links_of, plain_text
from dialogue.customers.channels.tokens import Token, TokenKind, read_token, write_token
from dialogue.kit.errors import Refusal

ALLOWED = {"p", "a", "br", "strong"}


def mark(url: str) -> str:
    return f"https://t.example.org/l/{len(url)}"


def test_links_are_led_through_the_tracker() -> None:
    text = "Смотрите https://a.example.org/x?y=1, или [тут](https://b.example.org/).\nДа **очень**"
    assert links_of(text) == ["https://b.example.org/", "https://a.example.org/x?y=1"]
    assert plain_text(text, mark) == ("Смотрите https://t.example.org/l/27, или тут: https://t.example.org/l/22.\nДа очень")
    assert html_body(text, mark) == (
        '<p>Смотрите <a href="https://t.example.org/l/27">https://a.example.org/x?y=1</a>, или '
        '<a href="https://t.example.org/l/22">тут</a>.<br>\nДа <strong>очень</strong></p>'
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert [name for name, _value in attrs] == (["href"] if tag == "a" else [])
        self.links += [value or "" for _name, value in attrs]


@given(st.text(st.sampled_from("ab<>&\"'[]()*{}:/. \nhttps"), max_size=200))
def test_nothing_written_becomes_markup(text: str) -> None:
    tags = Tags()
    tags.feed(html_body("https://a.example.org/ " + text, lambda url: url))
    assert tags.seen <= ALLOWED
    assert all(link.startswith(("http://", "https://")) for link in tags.links)


@pytest.mark.parametrize(
    ("text", "words"),
    [("{{frst}}", "exists"), ("{{city}}", "nothing"), ("{{city", "braces"), ("city}}", "braces"), ("{{City}}", "braces")],
)
def test_place_that_cannot_be_filled_is_refused(text: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        fill(text, {"name": "Иван", "city": ""})


def test_places_are_filled() -> None:
    assert fill("{{ name }} из {{city|вашего города}}", {"name": "{{city}}", "city": ""}) == "{{city}} из вашего города"


@pytest.mark.parametrize(
    ("code", "text", "bounce"),
    [
        (550, "5.1.1 unknown user", Bounce.DEAD),
        (550, "mailbox unavailable", Bounce.DEAD),
        (550, "5.7.1 blocked by policy", Bounce.POLICY),
        (550, "rejected as SPAM", Bounce.POLICY),
        (552, "5.2.2 mailbox full", Bounce.POLICY),
        (554, "transaction failed", Bounce.POLICY),
    ],
)
def test_bounce_tells_a_dead_address_from_a_policy(code: int, text: str, bounce: Bounce) -> None:
    assert bounce_of(code, text) is bounce


def test_delays_grow_until_it_is_given_up() -> None:
    delays = [next_delay(attempt) for attempt in range(1, 8)]
    assert delays == sorted(delays)
    assert next_delay(8) is None


@given(st.integers(1, 2**62), st.integers(1, 2**62), st.text(max_size=200))
def test_token_reads_back_and_opens_one_thing(tenant: int, delivery: int, url: str) -> None:
    token = Token(TokenKind.LINK, tenant, delivery, url.encode("utf-8", "ignore").decode())
    written = write_token(token)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", written)
    assert read_token(written, TokenKind.LINK) == token
    assert read_token(written, TokenKind.UNSUBSCRIBE) is None
