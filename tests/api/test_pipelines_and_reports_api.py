"""Pipelines, stages, reasons of losing and the consolidated report by the API."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import quote

import pytest

from dialogue.kit.scope import tenant_scope
from dialogue.selling.deals.actions import lose_deal, win_deal
from dialogue.selling.deals.models import LossReason
from tests.api.conftest import Caller
from tests.cast import Cast, a_deal, a_person

pytestmark = pytest.mark.django_db


def test_pipelines_and_stages_are_kept(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    [first] = seller_api.get("/pipelines").json()
    assert len(first["stages"]) == 6
    assert seller_api.post("/pipelines", {"name": "Опт"}).status_code == 403
    own = [{"name": "Запрос"}, {"name": "Да", "stage_class": "won"}, {"name": "Нет", "stage_class": "lost"}]
    made = owner_api.post("/pipelines", {"name": "Опт", "stages": own})
    assert made.status_code == 201
    opt = made.json()
    assert [(one["name"], one["stage_class"]) for one in opt["stages"]] == [("Запрос", "open"), ("Да", "won"), ("Нет", "lost")]
    assert owner_api.post("/pipelines", {"name": "Пол", "stages": own[:1]}).status_code == 422
    stage = owner_api.post(f"/pipelines/{opt['id']}/stages", {"name": "Счёт"}).json()
    assert stage["position"] == 2
    assert owner_api.patch(f"/stages/{stage['id']}", {"name": "Договор", "position": 1}).json() == stage | {
        "name": "Договор", "position": 1,
    }  # fmt: skip
    assert seller_api.patch(f"/stages/{stage['id']}", {"name": "x"}).status_code == 403
    assert owner_api.send("DELETE", f"/stages/{stage['id']}").status_code == 204
    assert owner_api.send("DELETE", f"/stages/{opt['stages'][1]['id']}").status_code == 409
    assert owner_api.patch(f"/pipelines/{opt['id']}", {"name": "Опт 2"}).json()["name"] == "Опт 2"
    assert owner_api.send("DELETE", f"/pipelines/{opt['id']}").status_code == 204
    assert owner_api.get(f"/pipelines/{opt['id']}").status_code == 404
    assert owner_api.send("DELETE", f"/pipelines/{first['id']}").status_code == 409


def test_reasons_of_losing_are_kept_and_asked_for(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    known = seller_api.get("/loss-reasons").json()
    assert len(known) == 5
    made = owner_api.post("/loss-reasons", {"name": "Нет бюджета"}).json()
    assert owner_api.patch(f"/loss-reasons/{made['id']}", {"position": 1}).json()["position"] == 1
    assert seller_api.send("DELETE", f"/loss-reasons/{made['id']}").status_code == 403
    deal = a_deal(cast)
    lost = owner_api.post(f"/deals/{deal.pk}/lose", {"loss": made["id"]}).json()
    assert (lost["loss"], lost["lost_reason"]) == (made["id"], "Нет бюджета")
    found = owner_api.post("/deals/search", {"filter": {"field": "loss", "is": str(made["id"])}}).json()["items"]
    assert [one["id"] for one in found] == [deal.pk]
    assert owner_api.send("DELETE", f"/loss-reasons/{made['id']}").status_code == 204
    refused = owner_api.post(f"/deals/{a_deal(cast).pk}/lose", {"loss": made["id"]})
    assert refused.json()["code"] == "unknown-reason"


def test_report_tells_what_the_page_tells(cast: Cast, owner_api: Caller, seller_api: Caller, stranger_api: Caller) -> None:
    person = a_person(cast)
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        a_deal(cast, title="a", contact=person.pk, budget=Decimal(100), responsible=cast.seller.pk)
        win_deal(a_deal(cast, title="b", budget=Decimal(300)), by=by)
        lose_deal(a_deal(cast, title="c"), by=by, loss=LossReason.objects.in_use()[0].pk)
    said = owner_api.get("/reports/deals").json()
    assert said["deals"] == {"count": 3, "total": {"amount": "400.00", "currency": said["currency"]}}
    assert (said["won"]["count"], said["lost"]["count"], said["won_share"], said["people"]) == (1, 1, 50.0, 1)
    assert sum(one["count"] for one in said["stages"]) == 3
    assert [(one["new"]["count"], one["won"]["count"]) for one in said["periods"]] == [(3, 1)]
    seller = owner_api.get(f"/reports/deals?responsible={cast.seller.pk}&by=day").json()
    assert (seller["deals"]["count"], seller["people"]) == (1, 0)
    rule = quote(json.dumps({"field": "budget", "at_least": 200}))
    assert owner_api.get(f"/reports/deals?filter={rule}").json()["deals"]["count"] == 1
    assert owner_api.get("/reports/deals?created_until=2020-01-01").json()["deals"]["count"] == 0
    assert owner_api.get("/reports/deals?filter=nonsense").status_code == 422
    assert owner_api.get("/reports/deals?by=year").status_code == 422
    assert stranger_api.get("/reports/deals").json()["deals"]["count"] == 0
