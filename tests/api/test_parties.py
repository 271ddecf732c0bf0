"""Customers through the API."""

from __future__ import annotations

import pytest

from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.actions import define_characteristic
from tests.api.conftest import Caller, caller_of
from tests.cast import Cast, a_firm, a_person

pytestmark = pytest.mark.django_db
PERSON = {
    "kind": "person",
    "last_name": "Дуликов",
    "first_name": "Иван",
    "contacts": [{"kind": "phone", "value": "8 920 123-45-67"}, {"kind": "email", "value": "ivan@example.org"}],
    "address": {"city": "Рязань", "country": "RU"},
    "tags": ["VIP"],
}


def test_customer_lives_through_the_api(cast: Cast, owner_api: Caller) -> None:
    made = owner_api.post("/parties", PERSON)
    assert made.status_code == 201, made.json()
    party = made.json()
    assert party["name"] == "Дуликов Иван"
    assert party["city"] == "Рязань"
    assert party["tags"] == ["VIP"]
    assert {point["normal"] for point in party["contacts"]} == {"+79201234567", "ivan@example.org"}
    path = f"/parties/{party['id']}"
    read = owner_api.get(path)
    changed = owner_api.patch(path, {"position": "директор", "tags": ["VIP", "Рыба"]}, If_Match=read["ETag"])
    assert changed.json()["position"] == "директор"
    assert changed.json()["tags"] == ["VIP", "Рыба"]
    stale = owner_api.patch(path, {"position": "бухгалтер"}, If_Match=read["ETag"])
    assert stale.status_code == 412
    assert stale.json()["clashes"] == [{"field": "position", "yours": "бухгалтер", "now": "директор"}]
    assert owner_api.send("DELETE", path).status_code == 204
    assert owner_api.get(path).status_code == 404
    assert owner_api.post(f"{path}/restore").status_code == 200
    assert owner_api.get(path).status_code == 200


def test_wrong_customer_is_refused_field_by_field(cast: Cast, owner_api: Caller) -> None:
    answer = owner_api.post(
        "/parties", {"kind": "person", "birth_on": "2999-01-01", "contacts": [{"kind": "email", "value": "x"}]}
    )
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {"name", "birth_on", "contacts.0"}
    assert owner_api.post("/parties", {"kind": "robot"}).status_code == 422
    assert owner_api.post("/parties", {"name": "A", "surprise": 1}).json()["errors"][0]["field"] == "surprise"
    assert owner_api.get("/parties").json()["items"] == []


def test_rule_finds_customers_page_by_page(cast: Cast, owner_api: Caller) -> None:
    with tenant_scope(cast.company.pk):
        define_characteristic("party", label="Potential", kind="number", by=cast.actor(cast.owner), filterable=True)
    for number in range(5):
        a_person(cast, f"Клиент {number}", characteristics={"potential": number})
    rule = {"field": "characteristics.potential", "at_least": 2}
    first = owner_api.post("/parties/search", {"filter": rule, "limit": 2}).json()
    second = owner_api.post("/parties/search", {"filter": rule, "limit": 2, "cursor": first["next"]}).json()
    assert [one["name"] for one in first["items"] + second["items"]] == ["Клиент 4", "Клиент 3", "Клиент 2"]
    assert second["next"] is None
    assert owner_api.post("/parties/search", {"filter": {"field": "nothing", "is": 1}}).status_code == 422
    assert owner_api.get("/search?q=клиент").json()["items"][0]["kind"] == "party"


def test_contacts_addresses_relations_and_consents_are_kept(cast: Cast, owner_api: Caller) -> None:
    person, firm = a_person(cast), a_firm(cast)
    path = f"/parties/{person.pk}"
    point = owner_api.post(f"{path}/contacts", {"kind": "email", "value": "a@example.org"}).json()
    assert point["is_primary"]
    assert owner_api.post(f"{path}/contacts", {"kind": "email", "value": "A@example.org"}).status_code == 422
    marked = owner_api.patch(f"{path}/contacts/{point['id']}", {"verified": True}).json()
    assert marked["verified_at"].endswith("Z")
    assert owner_api.send("DELETE", f"{path}/contacts/{point['id']}").status_code == 204
    address = owner_api.post(f"{path}/addresses", {"city": "Омск"}).json()
    assert owner_api.patch(f"{path}/addresses/{address['id']}", {"city": "Томск"}).json()["city"] == "Томск"
    assert owner_api.get(path).json()["city"] == "Томск"
    assert owner_api.send("DELETE", f"{path}/addresses/{address['id']}").status_code == 204
    tie = owner_api.post(f"/parties/{firm.pk}/relations", {"type": "works_at", "other": person.pk, "back": True}).json()
    assert tie["first"]["id"] == person.pk
    assert owner_api.get(f"{path}/relations").json()[0]["forward"] == "работает в"
    assert owner_api.patch(f"{path}/relations/{tie['id']}", {"until": "2026-01-01"}).json()["until"] == "2026-01-01"
    assert owner_api.send("DELETE", f"{path}/relations/{tie['id']}").status_code == 204
    assert owner_api.post(f"{path}/relations", {"type": "nothing", "other": firm.pk}).status_code == 422
    assert owner_api.post(f"{path}/consents", {"channel": "email", "state": "given"}).status_code == 201
    assert owner_api.get(f"{path}/consents").json()["items"][0]["state"] == "given"
    assert len(owner_api.get("/parties/relation-types").json()) >= 10
    assert owner_api.get("/parties/tags").status_code == 200


def test_strangers_and_narrow_keys_find_the_doors_shut(cast: Cast, owner_api: Caller, stranger_api: Caller) -> None:
    person = a_person(cast, email="a@example.org")
    path = f"/parties/{person.pk}"
    assert stranger_api.get(path).status_code == 404
    assert stranger_api.patch(path, {"name": "X"}).status_code == 404
    assert stranger_api.post(f"{path}/contacts", {"kind": "email", "value": "b@example.org"}).status_code == 404
    assert stranger_api.get("/parties").json()["items"] == []
    reader = caller_of(cast.company, cast.owner, cast.owner, "timeline:entry:write")
    assert reader.get(path).status_code == 200
    for method, where, body in (
        ("PATCH", path, {"name": "X"}), ("DELETE", path, None), ("POST", "/parties", PERSON),
        ("POST", f"{path}/contacts", {"kind": "email", "value": "b@example.org"}),
        ("POST", f"{path}/consents", {"channel": "email", "state": "given"}),
    ):  # fmt: skip
        assert reader.send(method, where, body).status_code == 403, where


def test_two_records_are_merged_and_parted_again(cast: Cast, owner_api: Caller) -> None:
    kept, gone = a_person(cast), a_person(cast, "Дуликов Иван", email="ivan@example.org")
    merge = owner_api.post(f"/parties/{kept.pk}/merge", {"other": gone.pk}).json()
    assert owner_api.get(f"/parties/{kept.pk}").json()["contacts"][0]["normal"] == "ivan@example.org"
    assert owner_api.get(f"/parties/{gone.pk}").status_code == 404
    assert owner_api.post(f"/parties/{kept.pk}/merge", {"other": kept.pk}).status_code == 422
    back = owner_api.post(f"/parties/{kept.pk}/merge/{merge['id']}/undo").json()
    assert back["id"] == gone.pk
    assert owner_api.get(f"/parties/{kept.pk}").json()["contacts"] == []


def test_time_zone_is_written_read_and_asked_by_its_name(cast: Cast, owner_api: Caller) -> None:
    made = owner_api.post("/parties", PERSON | {"time_zone": "europe/kiev"})
    assert made.json()["time_zone"] == "Europe/Kyiv"
    path = f"/parties/{made.json()['id']}"
    assert owner_api.patch(path, {"time_zone": "Asia/Tokyo"}).json()["time_zone"] == "Asia/Tokyo"
    wrong = owner_api.patch(path, {"time_zone": "Mars/Olympus"})
    assert wrong.status_code == 422
    assert "Mars/Olympus" in str(wrong.json())
    assert "Europe/Bucharest" in str(wrong.json())
    found = owner_api.post("/parties/search", {"filter": {"field": "time_zone", "is": "asia/tokyo"}}).json()
    assert [one["id"] for one in found["items"]] == [made.json()["id"]]
    assert owner_api.patch(path, {"time_zone": ""}).json()["time_zone"] == ""
