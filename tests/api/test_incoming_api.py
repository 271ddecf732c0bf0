"""Mailboxes and what came back, through the API; an answer by hand against a campaign."""

from __future__ import annotations

from dialogue.customers.mailboxes.models import Incoming, Mailbox
from dialogue.customers.sources.actions import create_source
from dialogue.kit.scope import tenant_scope
from tests.api.conftest import Caller
from tests.cast import Cast, a_person


def test_mailbox_is_added_changed_tested_and_removed(cast: Cast, owner_api: Caller, stranger_api: Caller) -> None:
    given = {"host": "127.0.0.1", "port": 1, "user": "sales", "password": "secret", "days": 3}
    made = owner_api.post("/mailboxes", given)
    assert made.status_code == 201, made.content
    assert "secret" not in made.content.decode()
    assert owner_api.post("/mailboxes", given).status_code == 409
    assert owner_api.post("/mailboxes", given | {"user": "x", "password": None}).json()["errors"][0]["field"] == "password"
    number = made.json()["id"]
    tested = owner_api.post(f"/mailboxes/{number}/test", {})
    assert (tested.status_code, tested.json()["code"]) == (422, "mailbox-trouble")
    assert owner_api.post(f"/mailboxes/{number}/read", {}).status_code == 202
    assert [one["user"] for one in owner_api.get("/mailboxes").json()] == ["sales"]
    assert stranger_api.get("/mailboxes").json() == []
    with tenant_scope(cast.company.pk):
        mailbox = Mailbox.objects.get()
        for kind in ("reply", "aside"):
            Incoming.objects.create(mailbox=mailbox, digest=kind, kind=kind, data=b"From: x@example.net\n\nhello")
    rows = owner_api.get("/incoming?kind=aside").json()["items"]
    assert [row["kind"] for row in rows] == ["aside"]
    again = owner_api.post(f"/incoming/{rows[0]['id']}/again", {})
    assert (again.status_code, again.json()["kind"]) == (200, "other"), again.content
    assert owner_api.post(f"/incoming/{rows[0]['id']}/again", {}).status_code == 409
    assert stranger_api.get("/incoming").json()["items"] == []


def test_answer_by_hand_names_its_campaign(cast: Cast, owner_api: Caller) -> None:
    ivan = a_person(cast, "Иван Дуликов")
    with tenant_scope(cast.company.pk):
        campaign = create_source(name="Выставка", by=cast.actor(cast.owner))
    came = owner_api.post("/responses", {"party": ivan.pk, "kind": "came", "source": campaign.pk})
    assert (came.status_code, came.json()["source"], came.json()["touch"]) == (201, campaign.pk, None)
