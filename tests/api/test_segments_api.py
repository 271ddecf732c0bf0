"""Segments through the API."""

from __future__ import annotations

from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.queue import run_job
from tests.api.conftest import Caller
from tests.cast import Cast, a_person


def test_segment_is_made_read_changed_and_deleted(cast: Cast, owner_api: Caller) -> None:
    person = a_person(cast, "Анна", position="директор")
    other = a_person(cast, "Борис")
    made = owner_api.post("/segments", {"name": "Директора", "tree": {"field": "position", "is": "директор"}})
    assert made.status_code == 201, made.content
    segment = made.json()
    assert (segment["size"], segment["code"], segment["version"], segment["response"]) == (1, "direktora", 1, None)
    path = f"/segments/{segment['id']}"
    listed = owner_api.get(f"{path}/members").json()["items"]
    assert [(one["party"], one["until"]) for one in listed] == [(person.pk, None)]
    read = owner_api.get(path)
    changed = owner_api.patch(path, {"tree": {"field": "name", "is": "Борис"}}, If_Match=read["ETag"]).json()
    assert (changed["version"], changed["size"]) == (2, 1)
    assert owner_api.patch(path, {"name": "x"}, If_Match='"1.000000"').status_code == 412
    left = owner_api.get(f"{path}/members?left=true").json()["items"]
    assert {one["party"]: one["until"] is None for one in left} == {person.pk: False, other.pk: True}
    assert owner_api.send("DELETE", path).status_code == 204
    assert owner_api.get(path).status_code == 404


def test_rule_is_counted_and_refused_by_its_path(cast: Cast, owner_api: Caller) -> None:
    a_person(cast, "Анна")
    found = owner_api.post("/segments/count", {"tree": {"all": []}}).json()
    assert (found["count"], found["plus_minus"], found["exact"], found["base"]) == (1, 0, True, 1)
    assert [one["name"] for one in found["people"]] == ["Анна"]
    wrong = owner_api.post("/segments/count", {"tree": {"any": [{"in_segment": "nobody"}]}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown-segment")
    assert wrong.json()["errors"][0]["field"] == "filter.any[0].in_segment"


def test_people_are_put_in_left_out_and_given_back(cast: Cast, owner_api: Caller) -> None:
    person = a_person(cast, "Анна")
    path = f"/segments/{owner_api.post('/segments', {'name': 'Никто', 'tree': {'any': []}}).json()['id']}"
    put = owner_api.post(f"{path}/picks", {"people": [person.pk, 10**12], "verdict": "in", "note": "просила"})
    assert put.json() == {"changed": [person.pk]}
    assert owner_api.get(path).json()["size"] == 1
    kept = owner_api.get(f"{path}/picks").json()["items"]
    assert [(one["party"], one["verdict"], one["note"]) for one in kept] == [(person.pk, "in", "просила")]
    assert owner_api.post(f"{path}/picks", {"people": [person.pk], "verdict": "rule"}).json() == {"changed": [person.pk]}
    assert owner_api.get(path).json()["size"] == 0


def test_chosen_people_make_a_static_segment_that_is_compared(cast: Cast, owner_api: Caller) -> None:
    ids = [a_person(cast, name).pk for name in ("Анна", "Борис")]
    first = owner_api.post("/segments", {"name": "Оба", "people": ids}).json()
    assert (first["kind"], first["size"], first["tree"]) == ("static", 2, {})
    second = owner_api.post(f"/segments/{first['id']}/copy", {"name": "Ещё"}).json()
    owner_api.post(f"/segments/{second['id']}/picks", {"people": ids[:1], "verdict": "out"})
    lines = owner_api.post("/segments/overlap", {"segments": [first["code"], second["code"]]}).json()
    assert {tuple(line["segments"]): line["count"] for line in lines} == {
        (first["code"], second["code"]): 1,
        (first["code"],): 1,
        (second["code"],): 0,
    }
    assert owner_api.post(f"/segments/{first['id']}/freeze").status_code == 409


def test_segment_is_filled_by_a_job(cast: Cast, owner_api: Caller) -> None:
    segment = owner_api.post("/segments", {"name": "Все", "tree": {"all": []}}).json()
    a_person(cast, "Анна")
    asked = owner_api.post(f"/segments/{segment['id']}/rebuild")
    assert asked.status_code == 202
    assert owner_api.post(f"/segments/{segment['id']}/rebuild").json() == asked.json()
    with tenant_scope(cast.company.pk):
        run_job(cast.company.pk, asked.json()["job"])
    assert owner_api.get(f"/segments/{segment['id']}").json()["size"] == 1


def test_stranger_finds_nothing_and_seller_changes_nothing(
    cast: Cast, owner_api: Caller, seller_api: Caller, stranger_api: Caller
) -> None:
    segment = owner_api.post("/segments", {"name": "Все", "tree": {"all": []}, "responsible": cast.seller.pk}).json()
    path = f"/segments/{segment['id']}"
    assert seller_api.get(path).status_code == 200
    assert seller_api.patch(path, {"name": "x"}).status_code == 403
    for method, where in (("GET", ""), ("GET", "/members"), ("GET", "/picks"), ("POST", "/rebuild"), ("DELETE", "")):
        assert stranger_api.send(method, path + where).status_code == 404
    assert stranger_api.post("/segments/count", {"tree": {"in_segment": segment["code"]}}).status_code == 422
