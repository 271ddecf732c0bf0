"""Deals through the API."""

from __future__ import annotations

import json
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.conftest import Caller
from tests.cast import Cast, a_deal, a_person


def test_deal_is_added_moved_and_won(cast: Cast, owner_api: Caller) -> None:
    person = a_person(cast)
    stages = owner_api.get("/pipelines").json()[0]["stages"]
    assert [one["stage_class"] for one in stages] == ["open"] * 4 + ["won", "lost"]
    body = {
        "title": "Корп сайт",
        "contact": person.pk,
        "contacts": [{"party": person.pk, "role": "decides"}],
        "budget": {"amount": "1520000.00", "currency": "RUB"},
        "tags": ["сайт"],
    }
    made = owner_api.post("/deals", body)
    assert made.status_code == 201, made.content
    deal = made.json()
    assert deal["budget"] == {"amount": "1520000.00", "currency": "RUB"}
    assert (deal["stage"], deal["tags"], deal["company"]) == (stages[0]["id"], ["сайт"], None)
    moved = owner_api.post(f"/deals/{deal['id']}/move", {"stage": stages[2]["id"]}).json()
    assert moved["stage_name"] == "Принимают решение"
    assert owner_api.post(f"/deals/{deal['id']}/win").json()["stage_class"] == "won"
    assert owner_api.post(f"/deals/{deal['id']}/win").status_code == 409
    assert [one["stage"] for one in owner_api.get(f"/deals/{deal['id']}/stages").json()] == [
        stages[0]["id"],
        stages[2]["id"],
        stages[4]["id"],
    ]
    assert owner_api.get(f"/deals/{deal['id']}/contacts").json()[0]["role"] == "decides"


def test_lost_deal_needs_a_reason(cast: Cast, owner_api: Caller) -> None:
    deal = a_deal(cast)
    assert owner_api.post(f"/deals/{deal.pk}/lose", {"reason": " "}).json()["code"] == "reason-needed"
    lost = owner_api.post(f"/deals/{deal.pk}/lose", {"reason": "Дорого"}).json()
    assert (lost["stage_class"], lost["lost_reason"]) == ("lost", "Дорого")
    assert owner_api.post(f"/deals/{deal.pk}/reopen").json()["stage_class"] == "open"


def test_change_keeps_what_was_not_sent_and_refuses_a_stale_one(cast: Cast, owner_api: Caller) -> None:
    deal = a_deal(cast, title="Аудит", external_id="7")
    read = owner_api.get(f"/deals/{deal.pk}")
    changed = owner_api.patch(f"/deals/{deal.pk}", {"title": "Аудит сайта"}, If_Match=read["ETag"])
    assert (changed.json()["title"], changed.json()["external_id"]) == ("Аудит сайта", "7")
    stale = owner_api.patch(f"/deals/{deal.pk}", {"title": "Иначе"}, If_Match=read["ETag"])
    assert stale.status_code == 412
    assert stale.json()["clashes"][0]["now"] == "Аудит сайта"


def test_list_takes_a_rule_and_pages_by_cursor(cast: Cast, owner_api: Caller) -> None:
    for number in range(5):
        a_deal(cast, title=f"Сделка {number}", budget=Decimal(number * 100))
    rule = {"all": [{"field": "budget", "at_least": 200}, {"field": "stage.class", "is": "open"}]}
    page = owner_api.post("/deals/search", {"filter": rule, "limit": 2}).json()
    assert [one["title"] for one in page["items"]] == ["Сделка 4", "Сделка 3"]
    rest = owner_api.post("/deals/search", {"filter": rule, "limit": 2, "cursor": page["next"]}).json()
    assert ([one["title"] for one in rest["items"]], rest["next"]) == (["Сделка 2"], None)
    assert len(owner_api.get(f"/deals?filter={json.dumps(rule)}").json()["items"]) == 3
    wrong = owner_api.post("/deals/search", {"filter": {"field": "nothing", "is": 1}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown-field")


def test_list_costs_the_same_for_any_number(cast: Cast, owner_api: Caller) -> None:
    a_deal(cast)
    owner_api.get("/deals")
    with CaptureQueriesContext(connection) as few:
        owner_api.get("/deals")
    for number in range(6):
        a_deal(cast, title=str(number))
    with CaptureQueriesContext(connection) as many:
        owner_api.get("/deals")
    assert len(many) <= len(few)


def test_wrong_input_and_strangers_are_refused(cast: Cast, owner_api: Caller, stranger_api: Caller, seller_api: Caller) -> None:
    deal = a_deal(cast)
    assert stranger_api.get(f"/deals/{deal.pk}").status_code == 404
    assert seller_api.get(f"/deals/{deal.pk}").status_code == 404
    assert stranger_api.post(f"/deals/{deal.pk}/win").status_code == 404
    assert owner_api.post("/deals", {"title": "A", "colour": "red"}).status_code == 422
    assert owner_api.post("/deals", {"title": "A", "company": 999_999}).json()["errors"][0]["field"] == "company"
    assert owner_api.get("/deals/99999999999999999999").status_code == 404
    assert owner_api.post(f"/deals/{deal.pk}/comments", {"text": "@Boris"}).json()["mentions"] == [cast.manager.pk]
    assert owner_api.send("DELETE", f"/deals/{deal.pk}").status_code == 204
    assert owner_api.get(f"/deals/{deal.pk}").status_code == 404
