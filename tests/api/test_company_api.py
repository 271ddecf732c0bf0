"""Company, members, teams, roles and keys by the API: what the settings pages do, machines do too."""

from __future__ import annotations

import pytest

from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.models import AnsweredRequest, ApiKey, Membership, Role
from tests.api.conftest import Caller, caller_of
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_company_is_read_and_changed(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    said = seller_api.get("/company").json()
    assert (said["login"], said["sending_locked"], said["settings"]["mail_follow_links"]) == ("romashka", False, True)
    assert seller_api.patch("/company", {"name": "Моя"}).status_code == 403
    changed = owner_api.patch("/company", {"name": "Ромашка плюс", "week_start": 7, "time_zone": "Europe/Kyiv"}).json()
    assert (changed["name"], changed["week_start"], changed["time_zone"], changed["currency"]) == (
        "Ромашка плюс", 7, "Europe/Kyiv", said["currency"],
    )  # fmt: skip
    wrong = owner_api.patch("/company", {"name": "", "currency": "XX"})
    assert wrong.status_code == 422
    assert {one["field"] for one in wrong.json()["errors"]} == {"name", "currency"}
    assert owner_api.patch("/company", {"settings": {"mail_follow_links": False}}).status_code == 422
    assert owner_api.patch("/company", {"login": "other"}).status_code == 422
    assert owner_api.post("/company/unlock-sending").json()["sending_locked"] is False


def test_member_is_invited_changed_and_removed(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    roles = {one["name"]: one["id"] for one in owner_api.get("/roles").json()}
    team = owner_api.post("/teams", {"name": "Север"}).json()
    given = {"email": "olga@example.org", "name": "Ольга", "roles": [roles["Сотрудник"]], "team": team["id"]}
    assert seller_api.post("/members", given).status_code == 403
    made = owner_api.post("/members", given)
    assert made.status_code == 201
    member = made.json()
    assert (member["roles"], member["team"]["name"], member["active"]) == (["Сотрудник"], "Север", True)
    assert owner_api.post("/members", given).json()["errors"][0]["field"] == "email"
    at = f"/members/{member['id']}"
    changed = owner_api.patch(at, {"roles": [roles["Руководитель"]], "title": "РОП"}).json()
    assert (changed["roles"], changed["title"], changed["team"]["id"]) == (["Руководитель"], "РОП", team["id"])
    assert owner_api.patch(at, {"team": None}).json()["team"] is None
    stale = owner_api.send("PATCH", at, {"title": "Иное"}, If_Match='"1.000000"')
    assert stale.status_code == 412
    assert owner_api.patch(at, {"roles": [999_999]}).json()["code"] == "unknown-role"
    assert owner_api.send("DELETE", at).status_code == 204
    assert owner_api.get(at).json()["active"] is False
    assert owner_api.send("DELETE", f"/members/{cast.owner.pk}").status_code == 422
    assert owner_api.get(f"/members/{cast.stranger.pk}").status_code == 404


def test_nobody_climbs_by_the_api(cast: Cast, owner_api: Caller) -> None:
    with tenant_scope(cast.company.pk):
        owner_role = Role.objects.get(code="owner").pk
        place = Membership.objects.get(user=cast.seller)
    narrow = caller_of(cast.company, cast.owner, cast.owner, "company:members:write", "company:keys:write")
    assert narrow.patch(f"/members/{place.user_id}", {"roles": [owner_role]}).status_code == 403
    assert narrow.post("/roles", {"name": "Всё", "permissions": ["company:settings:write"]}).status_code == 403
    assert narrow.post("/keys", {"name": "k", "scopes": ["*"]}).status_code == 403
    assert narrow.post("/keys", {"name": "k", "scopes": ["company:settings:write"]}).status_code == 403
    made = narrow.post("/keys", {"name": "k", "scopes": ["company:keys:write"]})
    assert made.status_code == 201
    assert Caller(made.json()["secret"]).post("/teams", {"name": "x"}).status_code == 403


def test_teams_and_roles_are_kept(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    team = owner_api.post("/teams", {"name": "Север"}).json()["id"]
    assert owner_api.post("/teams", {"name": "север"}).status_code == 409
    assert owner_api.patch(f"/teams/{team}", {"name": "Юг"}).json()["name"] == "Юг"
    assert seller_api.get("/teams").json() == [{"id": team, "name": "Юг"}]
    assert seller_api.send("DELETE", f"/teams/{team}").status_code == 403
    assert owner_api.send("DELETE", f"/teams/{team}").status_code == 204
    assert seller_api.get("/roles").status_code == 403
    names = {one["name"] for one in owner_api.get("/roles/permissions").json()}
    assert "deals:deal:write" in names
    role = owner_api.post("/roles", {"name": "Стажёр", "permissions": ["deals:deal:write"], "reach": {"*": "own"}}).json()
    at = f"/roles/{role['id']}"
    changed = owner_api.patch(at, {"reach": {"*": "team"}}).json()
    assert (changed["name"], changed["permissions"], changed["reach"]) == ("Стажёр", ["deals:deal:write"], {"*": "team"})
    assert seller_api.patch(at, {"name": "x"}).status_code == 403
    assert owner_api.patch(at, {"permissions": ["no:such"]}).status_code == 422
    assert owner_api.get(at).json()["reach"] == {"*": "team"}
    assert owner_api.send("DELETE", at).status_code == 204


def test_key_is_made_told_once_and_revoked(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    given = {"name": "касса", "scopes": ["deals:deal:write"], "member": cast.seller.pk}
    made = owner_api.post("/keys", given, Idempotency_Key="once")
    secret = made.json()["secret"]
    assert made.headers["Cache-Control"] == "no-store"
    again = owner_api.post("/keys", given, Idempotency_Key="once").json()
    assert (again["id"], again["secret"]) == (made.json()["id"], "")
    with tenant_scope(cast.company.pk):
        assert not AnsweredRequest.objects.filter(body__contains=secret).exists()
        assert ApiKey.objects.filter(name="касса").count() == 1
    assert Caller(secret).get("/company").status_code == 200
    assert "secret" not in owner_api.get("/keys").json()["items"][0]
    mine = seller_api.get("/keys").json()["items"]
    assert {one["member"] for one in mine} == {cast.seller.pk}
    assert seller_api.post("/keys", {"name": "k", "scopes": ["*"]}).status_code == 403
    owner_key = next(one for one in owner_api.get("/keys").json()["items"] if one["member"] == cast.owner.pk)
    assert seller_api.send("DELETE", f"/keys/{owner_key['id']}").status_code == 404
    assert owner_api.send("DELETE", f"/keys/{made.json()['id']}").status_code == 204
    assert Caller(secret).get("/company").status_code == 401
    assert owner_api.post("/keys", given | {"member": cast.stranger.pk}).status_code == 422
