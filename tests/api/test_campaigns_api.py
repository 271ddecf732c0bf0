"""Campaigns by the API and the command line: planned, written, looked at, launched, read."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from dialogue.customers.parties.details import record_consent
from dialogue.faces.command.main import main
from dialogue.kit.scope import tenant_scope
from tests.api.conftest import Caller
from tests.cast import Cast, a_person

pytestmark = pytest.mark.django_db


def populate(cast: Cast) -> None:
    for name in ("Anna", "Boris", "Vera"):
        person = a_person(cast, name, email=f"{name.lower()}@example.org")
        if name != "Vera":
            with transaction.atomic(), tenant_scope(cast.company.pk):
                record_consent(person, channel="email", state="given", by=cast.actor(cast.owner), source="test")


def planned(api: Caller) -> str:
    code = api.post("/segments", {"name": "Lapsed", "tree": {"lacks": "purchase"}}).json()["code"]
    made = api.post("/campaigns", {"name": "Win back", "include": [code], "plan_revenue": "1000.50", "plan_people": 2})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["state"], body["include"], body["plan_revenue"]["amount"]) == ("draft", [code], "1000.50")
    return f"/campaigns/{body['id']}"


def test_campaign_is_planned_launched_and_read(cast: Cast, owner_api: Caller) -> None:
    populate(cast)
    path = planned(owner_api)
    stopped = owner_api.post(f"{path}/launch")
    assert (stopped.status_code, stopped.json()["code"]) == (409, "preflight")
    assert stopped.json()["findings"]
    letter = owner_api.send("PUT", f"{path}/letters", {"subject": "News", "body": "Dear {{name}}"}).json()
    assert (letter["arm"], letter["version"]) == ("a", 1)
    costs = owner_api.send("PUT", f"{path}/costs", [{"label": "Design", "planned": "10", "spent": "12.5"}]).json()
    assert costs[0]["spent"]["amount"] == "12.50"
    known = owner_api.post(f"{path}/prepare").json()
    assert known["can_launch"]
    assert (known["audience"]["included"], known["audience"]["reasons"]) == (2, {"no_consent": 1})
    launched = owner_api.post(f"{path}/launch").json()
    assert launched["audience"]["included"] == 2
    assert owner_api.post(f"{path}/launch").status_code == 409
    left = owner_api.get(f"{path}/people?decision=excluded").json()["items"]
    assert [(one["reason"], one["decision"]) for one in left] == [("no_consent", "excluded")]
    result = owner_api.get(f"{path}/result").json()
    assert (result["included"], result["gain"], result["cost"]["amount"]) == (2, None, "12.50")
    assert owner_api.post(f"{path}/pause").json()["state"] == "paused"
    assert owner_api.post(f"{path}/resume").json()["state"] == "running"
    frozen = owner_api.patch(path, {"hold_out": 20})
    assert frozen.status_code == 409
    assert owner_api.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert owner_api.send("DELETE", path).status_code == 204
    assert owner_api.get(path).status_code == 404


def test_wrong_campaigns_are_refused_by_field(owner_api: Caller) -> None:
    wrong = owner_api.post("/campaigns", {"name": " ", "include": ["nobody"]})
    assert wrong.status_code == 422
    unknown = owner_api.post("/campaigns", {"name": "Win back", "include": ["nobody"]})
    assert unknown.json()["errors"][0]["field"] == "include"
    assert owner_api.get("/campaigns").json()["items"] == []
    path = f"/campaigns/{owner_api.post('/campaigns', {'name': 'Win back'}).json()['id']}"
    assert owner_api.get(f"{path}/result").status_code == 404
    assert owner_api.patch(path, {"name": "Second"}).json()["name"] == "Second"


def test_contact_policy_is_read_and_set(owner_api: Caller) -> None:
    assert owner_api.patch("/policy", {"cap": 2, "days": 10}).json()["cap"] == 2
    assert owner_api.get("/policy").json()["days"] == 10
    assert owner_api.patch("/policy", {"start": 12, "end": 9}).status_code == 422


def test_command_looks_and_launches(cast: Cast, owner_api: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    populate(cast)
    path = planned(owner_api)
    number = path.rsplit("/", 1)[-1]
    assert main(["campaign", "launch", number, "--company", "romashka", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "preflight"
    owner_api.send("PUT", f"{path}/letters", {"subject": "News", "body": "Dear {{name}}"})
    assert main(["campaign", "look", number, "--company", "romashka"]) == 0
    assert "2 would get the letter" in capsys.readouterr().out
    assert main(["campaign", "launch", number, "--company", "romashka", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["included"], said["held_out"], said["excluded"], said["reasons"]) == (2, 0, 1, {"5": 1})
    assert main(["campaign", "launch", "99999", "--company", "romashka"]) == 1
