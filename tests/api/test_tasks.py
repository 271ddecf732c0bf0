"""Tasks through the API."""

from __future__ import annotations

from tests.api.conftest import Caller
from tests.cast import Cast, a_deal


def test_task_is_set_changed_and_done(cast: Cast, owner_api: Caller) -> None:
    deal = a_deal(cast)
    made = owner_api.post("/tasks", {"title": "Позвонить", "about": {"kind": "deal", "id": deal.pk}})
    assert made.status_code == 201, made.content
    task = made.json()
    assert (task["about"]["label"], task["due_on"]) == (deal.title, cast.company.today().isoformat())
    assert owner_api.get(f"/deals/{deal.pk}").json()["next_step_on"] == task["due_on"]
    read = owner_api.get(f"/tasks/{task['id']}")
    changed = owner_api.patch(f"/tasks/{task['id']}", {"due_at": "2026-12-31T22:30:00Z"}, If_Match=read["ETag"]).json()
    # The company lives in Moscow: half past ten in UTC is the next day there.
    assert changed["due_on"] == "2027-01-01"
    assert owner_api.patch(f"/tasks/{task['id']}", {"title": "Иначе"}, If_Match=read["ETag"]).status_code in {200, 412}
    done = owner_api.post(f"/tasks/{task['id']}/done", {"outcome": "договорились"}).json()
    assert done["done_at"]
    assert owner_api.get(f"/deals/{deal.pk}").json()["next_step_on"] is None
    assert owner_api.post(f"/tasks/{task['id']}/reopen").json()["done_at"] is None
    assert owner_api.send("DELETE", f"/tasks/{task['id']}").status_code == 204
    assert owner_api.get(f"/tasks/{task['id']}").status_code == 404


def test_tasks_are_searched_and_strangers_refused(cast: Cast, owner_api: Caller, stranger_api: Caller) -> None:
    ids = [owner_api.post("/tasks", {"title": title}).json()["id"] for title in ("a", "b")]
    owner_api.post(f"/tasks/{ids[0]}/done", {})
    found = owner_api.post("/tasks/search", {"filter": {"field": "done_at", "empty": True}}).json()["items"]
    assert [one["id"] for one in found] == [ids[1]]
    assert stranger_api.get(f"/tasks/{ids[0]}").status_code == 404
    assert owner_api.post("/tasks", {"title": " "}).json()["errors"][0]["field"] == "title"
    assert owner_api.post("/tasks", {"title": "x", "about": {"kind": "deal", "id": 9_999_999}}).status_code == 404
