"""Links and pictures of letters are answered before Django, judged and recorded as by the ordinary door."""

from __future__ import annotations

from typing import Any

import pytest

from dialogue.customers.channels.hits import basket
from dialogue.customers.channels.models import Delivery, Hit
from dialogue.customers.channels.tests.stage import CHROME
from dialogue.customers.channels.tokens import Token, TokenKind, write_token
from dialogue.faces import limits
from dialogue.faces.tracker.quick import quick
from dialogue.kit.scope import tenant_scope
from tests.cast import Cast, a_person, make_cast

URL = "https://shop.example.org/?a=1"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def ask(method: str, path: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
    said: list[tuple[str, dict[str, str]]] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "REMOTE_ADDR": "203.0.113.5", **headers}

    def slow(_environ: dict[str, Any], start: Any) -> list[bytes]:
        start("299 Ordinary door", [])
        return []

    body = b"".join(quick(slow)(environ, lambda status, headers: said.append((status, dict(headers)))))
    return said[0][0], said[0][1], body


def test_link_leads_on_and_is_recorded_as_a_persons(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        delivery = Delivery.objects.create(party=a_person(cast, "Anna"), address="anna@example.org")
    tenant = cast.company.pk
    link = "/l/" + write_token(Token(TokenKind.LINK, tenant, delivery.pk, URL))
    status, headers, _body = ask("GET", link, **CHROME)
    assert (status, headers["Location"]) == ("302 Found", URL)
    assert headers["Referrer-Policy"] == "no-referrer"
    assert ask("HEAD", link, HTTP_USER_AGENT="curl/8")[0] == "302 Found"
    status, headers, body = ask("GET", "/o/" + write_token(Token(TokenKind.OPEN, tenant, delivery.pk)), **CHROME)
    assert (status, headers["Content-Type"]) == ("200 OK", "image/gif")
    assert body.startswith(b"GIF89a")
    basket.flush()
    with tenant_scope(tenant):
        assert sorted(Hit.objects.values_list("kind", "verdict")) == [("link", "human"), ("link", "machine"), ("open", "human")]


def test_what_is_not_plain_goes_to_the_ordinary_door(cast: Cast) -> None:
    good = write_token(Token(TokenKind.LINK, cast.company.pk, 1, URL))
    script = write_token(Token(TokenKind.LINK, cast.company.pk, 1, "javascript:alert(1)"))
    for method, path in (
        ("POST", f"/l/{good}"),
        ("GET", f"/l/{good}x"),
        ("GET", f"/o/{good}"),
        ("GET", f"/u/{good}"),
        ("GET", f"/l/{script}"),
        ("GET", "/"),
    ):
        assert ask(method, path)[0] == "299 Ordinary door"


def test_who_asks_too_often_is_told_by_the_ordinary_door(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.public, "per_minute", 3)
    good = write_token(Token(TokenKind.LINK, cast.company.pk, 1, URL))
    answers = [ask("GET", f"/l/{good}")[0] for _time in range(4)]
    basket.flush()
    assert answers == ["302 Found"] * 3 + ["299 Ordinary door"]
