"""The dialogue through the API: touches, responses, letters, the stop list."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from dialogue.customers.channels.tests.stage import worked
from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from tests.api.conftest import Caller
from tests.cast import Cast, a_person


def test_touch_and_response_are_recorded_and_listed(cast: Cast, owner_api: Caller, stranger_api: Caller) -> None:
    ivan = a_person(cast, "Иван Дуликов")
    said = owner_api.post("/touches", {"party": ivan.pk, "kind": "call", "way": "call", "body": "Обсудили цену"})
    assert said.status_code == 201, said.content
    touch = said.json()["id"]
    body = {"party": ivan.pk, "kind": "bought", "touch": touch, "amount": {"amount": "12500.50", "currency": "RUB"}}
    answered = owner_api.post("/responses", body)
    assert answered.status_code == 201, answered.content
    assert answered.json()["amount"] == {"amount": "12500.50", "currency": "RUB"}
    assert (answered.json()["touch"], answered.json()["way"], answered.json()["side"]) == (touch, "call", "in")
    owner_api.post("/timeline/notes", {"party": ivan.pk, "body": "Любит краткость"})
    assert [item["kind"] for item in owner_api.get("/timeline").json()["items"]] == ["note", "bought", "call"]
    rule = quote(json.dumps({"field": "kind", "is": "call"}))
    assert [item["id"] for item in owner_api.get(f"/touches?filter={rule}").json()["items"]] == [touch]
    found = owner_api.post("/responses/search", {"filter": {"field": "party_id", "is": ivan.pk}, "limit": 1}).json()
    assert [item["kind"] for item in found["items"]] == ["bought"]
    assert stranger_api.get("/timeline").json()["items"] == []
    assert stranger_api.get(f"/timeline/{touch}").status_code == 404
    assert stranger_api.post("/touches", {"party": ivan.pk, "kind": "call"}).status_code == 404


def test_timeline_goes_on_by_cursor(cast: Cast, owner_api: Caller) -> None:
    ivan = a_person(cast, "Иван Дуликов")
    for number in range(5):
        owner_api.post("/timeline/notes", {"party": ivan.pk, "body": f"{number}"})
    seen, cursor = [], ""
    while cursor is not None:
        page = owner_api.get(f"/timeline?limit=2&cursor={quote(cursor)}").json()
        seen += [item["body"] for item in page["items"]]
        cursor = page["next"]
    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/touches", {"kind": "reply"}),
        ("/touches", {"kind": "call", "at": "2999-01-01T00:00:00Z"}),
        ("/responses", {"kind": "call"}),
        ("/responses", {"kind": "reply", "source": 999_999_999}),
        ("/responses", {"kind": "reply", "touch": 999_999_999}),
        ("/timeline/notes", {"body": " "}),
        ("/touches", {"kind": "call", "surprise": 1}),
    ],
)
def test_wrong_entry_is_refused_in_words(cast: Cast, owner_api: Caller, path: str, wrong: dict[str, object]) -> None:
    ivan = a_person(cast, "Иван Дуликов")
    answer = owner_api.post(path, {"party": ivan.pk, **wrong})
    assert answer.status_code == 422, answer.content
    assert answer.json()["title"]
    with tenant_scope(cast.company.pk):
        assert not Entry.objects.exists()


def test_letter_is_written_once_and_followed_to_its_end(cast: Cast, owner_api: Caller) -> None:
    ivan = a_person(cast, "Иван Дуликов", email="dulikov@avtoprom.example.org")
    body = {"party": ivan.pk, "subject": "Расценки", "text": "Здравствуйте, {{name}}"}
    first = owner_api.post("/messages", body, Idempotency_Key="k1")
    assert first.status_code == 201, first.content
    assert owner_api.post("/messages", body, Idempotency_Key="k1").json()["id"] == first.json()["id"]
    assert owner_api.post("/messages", body | {"text": "другое"}, Idempotency_Key="k1").status_code == 409
    worked(cast)
    letter = owner_api.get(f"/messages/{first.json()['id']}").json()
    assert (letter["state"], letter["stayed"], letter["text"]) == ("accepted", True, "Здравствуйте, Иван Дуликов")
    assert owner_api.post(f"/messages/{letter['id']}/send-again").status_code == 409
    assert owner_api.post(f"/messages/{letter['id']}/cancel").status_code == 409
    offer = owner_api.post("/messages", body | {"purpose": "marketing"})
    assert (offer.status_code, offer.json()["code"]) == (422, "no-consent")


def test_stop_list_refuses_letters(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    ivan = a_person(cast, "Иван Дуликов", email="dulikov@avtoprom.example.org")
    line = owner_api.post("/messages/stop-list", {"address": "Dulikov@avtoprom.example.org", "evidence": "письмо 3 марта"})
    assert line.status_code == 201, line.content
    assert "dulikov" not in line.content.decode()
    refused = owner_api.post("/messages", {"party": ivan.pk, "subject": "a", "text": "b"})
    assert (refused.status_code, refused.json()["code"]) == (422, "suppressed")
    assert seller_api.get("/messages/stop-list").status_code == 403
    assert owner_api.post(f"/messages/stop-list/{line.json()['id']}/lift", {"evidence": "позвонил"}).status_code == 204
    assert owner_api.get("/messages/stop-list").json()["items"] == []
