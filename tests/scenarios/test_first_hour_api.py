"""The same first hour by machines alone: import, find, change, move, write, hear the answer, win."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from dialogue.customers.channels.tests.stage import CHROME, LINK, path_of, second_origin, worked
from dialogue.kit.scope import tenant_scope
from dialogue.platform.mail.models import StoredLetter
from tests.api.conftest import Caller, caller_of
from tests.cast import make_cast
from tests.machines import ROOT

pytestmark = pytest.mark.django_db
DEALS = ROOT / "tests" / "data" / "deals_ru" / "deals.csv"


def uploaded(caller: Caller) -> dict[str, Any]:
    file = SimpleUploadedFile("deals.csv", DEALS.read_bytes(), content_type="text/csv")
    headers = {"Authorization": f"Bearer {caller.secret}"}
    answer = Client().post("/api/v1/imports", {"file": file, "kind": "deals", "start": "yes"}, headers=headers)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def test_first_hour_by_api() -> None:
    cast = make_cast()
    caller = caller_of(cast.company, cast.owner, cast.owner)
    begun = uploaded(caller)
    worked(cast)
    done = ok(caller.get(f"/imports/{begun['id']}"))
    assert (done["state"], done["created"], done["totals"]) == ("done", 21, {"RUB": "13243000.00"})

    stages = {stage["name"]: stage["id"] for stage in ok(caller.get("/pipelines"))[0]["stages"]}
    asked = {"filter": {"all": [{"field": "stage", "is": str(stages["Принимают решение"])}]}}
    assert len(ok(caller.post("/deals/search", asked))["items"]) == 3

    found = ok(caller.post("/deals/search", {"filter": {"field": "title", "contains": "каталог отелей"}}))["items"]
    deal = found[0]
    changed = caller.patch(f"/deals/{deal['id']}", {"budget": {"amount": "190000.00", "currency": "RUB"}})
    assert ok(changed)["budget"] == {"amount": "190000.00", "currency": "RUB"}
    moved = caller.post(f"/deals/{deal['id']}/move", {"stage": stages["Принимают решение"]})
    assert ok(moved)["stage_name"] == "Принимают решение"

    person = deal["contact"]
    ok(caller.post(f"/parties/{person}/contacts", {"kind": "email", "value": "artur@example.org"}), 201)
    letter = {"party": person, "subject": "Договор", "text": "Договор лежит [здесь](https://example.org/contract)."}
    sent = ok(caller.post("/messages", letter), 201)
    worked(cast)
    assert ok(caller.get(f"/messages/{sent['id']}"))["stayed"] is True
    follow(cast)
    entries = ok(caller.post("/timeline/search", {"filter": {"field": "party_id", "is": person}}))["items"]
    answer = next(entry for entry in entries if entry["kind"] == "link_followed")
    assert answer["touch"] == next(entry["id"] for entry in entries if entry["kind"] == "letter")

    assert ok(caller.post(f"/deals/{deal['id']}/win"))["stage_class"] == "won"
    assert ok(caller.post(f"/deals/{deal['id']}/win", {}), 409)["code"]


def follow(cast: Any) -> None:
    """Follow the letter's link as its reader does."""
    with tenant_scope(cast.company.pk), transaction.atomic():
        kept = StoredLetter.objects.latest("pk")
        source = message_from_bytes(bytes(kept.data), policy=policy.default).get_body(("html",)).get_content()
    found = LINK.search(source)
    assert found
    with second_origin() as reader:
        assert reader.get(path_of(found[0]), **CHROME).status_code in {200, 302}
