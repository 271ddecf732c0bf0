"""The API's foundation: keys, problems, pages, repeated requests, versions."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.signing import dumps
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from dialogue.kit.editing import StaleEdit, refuse_stale
from dialogue.kit.rows import etag_of
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import remove_member, revoke_key
from dialogue.platform.accounts.answered import forget_answered
from dialogue.platform.accounts.models import AnsweredRequest, ApiKey, Membership
from dialogue.platform.audit.models import Entry
from dialogue.platform.jobs.models import Job, JobState
from tests.api.conftest import Caller, caller_of
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


def make_jobs(cast: Cast, count: int, *, user: Any = None, state: str = JobState.FAILED) -> list[Job]:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        return [
            Job.objects.create(kind="audit.action", title=f"job {n}", state=state, actor=(user or cast.owner).pk)
            for n in range(count)
        ]


def test_key_names_its_company(owner_api: Caller, stranger_api: Caller) -> None:
    assert owner_api.get("/company").json()["name"] == "Ромашка"
    assert stranger_api.get("/company").json()["name"] == "Other Ltd"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nothing", "Basic YTpi", "Bearer dlg_unknown"])
def test_without_a_key_answers_401(cast: Cast, header: str | None) -> None:
    response = Client().get("/api/v1/company", headers={"Authorization": header} if header is not None else {})
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["code"] == "not-signed-in"


def test_revoked_and_expired_keys_answer_401(cast: Cast, owner_api: Caller, seller_api: Caller) -> None:
    with tenant_scope(cast.company.pk):
        revoke_key(ApiKey.objects.get(user=cast.owner), by=cast.actor(cast.owner))
        ApiKey.objects.filter(user=cast.seller).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert owner_api.get("/company").status_code == 401
    assert seller_api.get("/company").status_code == 401


def test_key_of_a_removed_member_answers_401(cast: Cast, seller_api: Caller) -> None:
    with tenant_scope(cast.company.pk):
        remove_member(Membership.objects.get(user=cast.seller), by=cast.actor(cast.owner))
    assert seller_api.get("/company").status_code == 401


def test_session_does_not_open_the_api(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.owner)
    assert client.get("/api/v1/company").status_code == 401
    assert client.get("/c/romashka/api/v1/company").status_code == 404


def test_key_does_no_more_than_its_scopes(cast: Cast) -> None:
    narrow = caller_of(cast.company, cast.owner, cast.owner, "company:members:write")
    [job] = make_jobs(cast, 1, user=cast.seller)
    assert narrow.post(f"/jobs/{job.pk}/retry").status_code == 404
    wide = caller_of(cast.company, cast.owner, cast.owner, "company:jobs:write")
    assert wide.post(f"/jobs/{job.pk}/retry").status_code == 200


def test_key_is_kept_as_a_hash_and_its_use_is_noted(cast: Cast, owner_api: Caller) -> None:
    owner_api.get("/company")
    with tenant_scope(cast.company.pk):
        key = ApiKey.objects.get(user=cast.owner)
    assert owner_api.secret not in str(key.__dict__)
    assert key.tail == owner_api.secret[-6:]
    assert key.used_at is not None


def test_members_are_listed(owner_api: Caller) -> None:
    body = owner_api.get("/members").json()
    assert [(one["name"], one["roles"]) for one in body["items"]] == [
        ("Анна", ["Владелец"]),
        ("Boris", ["Руководитель"]),
        ("Sergey", ["Сотрудник"]),
    ]
    assert body["next"] is None


def test_pages_hold_every_row_once(cast: Cast, owner_api: Caller) -> None:
    made = make_jobs(cast, 7)
    seen: list[int] = []
    cursor = ""
    while True:
        page = owner_api.get(f"/jobs?limit=3&cursor={cursor}").json()
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == [job.pk for job in reversed(made)]


@pytest.mark.parametrize("cursor", ["nonsense", dumps([["name"], [1]], salt="dialogue.cursor"), dumps([["-id"], [1]])])
def test_foreign_cursor_is_refused(owner_api: Caller, cursor: str) -> None:
    response = owner_api.get(f"/jobs?cursor={cursor}")
    assert response.status_code == 422
    assert response.json()["code"] == "bad-cursor"


@pytest.mark.parametrize("limit", ["0", "501", "many"])
def test_wrong_limit_names_the_field(owner_api: Caller, limit: str) -> None:
    body = owner_api.get(f"/jobs?limit={limit}").json()
    assert body["status"] == 422
    assert [one["field"] for one in body["errors"]] == ["limit"]
    assert body["request"]


def test_problems_speak_the_language_asked_for(owner_api: Caller) -> None:
    said = {
        language: owner_api.get("/jobs/1", Accept_Language=language).json()["title"] for language in ("en", "ru", "uk", "ro")
    }
    assert len(set(said.values())) == 4
    assert owner_api.get("/jobs/1").json()["title"] == said["ru"]


def test_unknown_address_and_method_are_problems(owner_api: Caller) -> None:
    missing = owner_api.get("/nothing")
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")
    wrong = owner_api.send("DELETE", "/company")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
    assert "GET" in wrong["Allow"]


def test_refusal_is_a_problem_and_changes_nothing(cast: Cast, owner_api: Caller) -> None:
    [job] = make_jobs(cast, 1, state=JobState.DONE)
    response = owner_api.post(f"/jobs/{job.pk}/retry", Idempotency_Key="again")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    with tenant_scope(cast.company.pk):
        assert not Entry.objects.filter(event="job.retried").exists()


def test_stranger_gets_404(cast: Cast, stranger_api: Caller) -> None:
    [job] = make_jobs(cast, 1)
    assert stranger_api.get(f"/jobs/{job.pk}").status_code == 404
    assert stranger_api.post(f"/jobs/{job.pk}/retry").status_code == 404
    assert stranger_api.get("/jobs").json() == {"items": [], "next": None}


def test_colleague_sees_only_his_own_jobs(cast: Cast, seller_api: Caller) -> None:
    [theirs] = make_jobs(cast, 1)
    [own] = make_jobs(cast, 1, user=cast.seller)
    assert seller_api.get(f"/jobs/{theirs.pk}").status_code == 404
    assert [one["id"] for one in seller_api.get("/jobs").json()["items"]] == [own.pk]


def test_repeated_request_is_answered_once(cast: Cast, owner_api: Caller) -> None:
    [job] = make_jobs(cast, 1)
    first = owner_api.post(f"/jobs/{job.pk}/retry", Idempotency_Key="k1")
    again = owner_api.post(f"/jobs/{job.pk}/retry", Idempotency_Key="k1")
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"] == first["Content-Type"]
    other = owner_api.post(f"/jobs/{job.pk}/cancel", Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    with tenant_scope(cast.company.pk):
        assert Entry.objects.filter(event="job.retried").count() == 1


def test_refused_request_may_be_corrected_under_its_key(cast: Cast, owner_api: Caller) -> None:
    [done] = make_jobs(cast, 1, state=JobState.DONE)
    [failed] = make_jobs(cast, 1)
    assert owner_api.post(f"/jobs/{done.pk}/retry", Idempotency_Key="k2").status_code == 409
    assert owner_api.post(f"/jobs/{failed.pk}/retry", Idempotency_Key="k2").status_code == 200


def test_another_key_may_use_the_same_name(cast: Cast, owner_api: Caller) -> None:
    [job] = make_jobs(cast, 1)
    second = caller_of(cast.company, cast.owner, cast.owner)
    assert owner_api.post(f"/jobs/{job.pk}/retry", Idempotency_Key="k3").status_code == 200
    assert "Idempotency-Replayed" not in second.post(f"/jobs/{job.pk}/cancel", Idempotency_Key="k3")


def test_answers_are_forgotten_after_a_day(cast: Cast, owner_api: Caller) -> None:
    [job] = make_jobs(cast, 1)
    owner_api.post(f"/jobs/{job.pk}/retry", Idempotency_Key="k4")
    with tenant_scope(cast.company.pk):
        assert forget_answered() == 0
        AnsweredRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert owner_api.post(f"/jobs/{job.pk}/cancel", Idempotency_Key="k4").status_code == 200
    with tenant_scope(cast.company.pk):
        AnsweredRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert forget_answered() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_twin_requests_do_the_work_once() -> None:
    cast = make_cast()
    api = caller_of(cast.company, cast.owner, cast.owner)
    [job] = make_jobs(cast, 1)
    together = Barrier(4)
    answers: list[Any] = []

    def call() -> None:
        together.wait()
        answers.append(api.post(f"/jobs/{job.pk}/retry", Idempotency_Key="twin"))
        connection.close()

    threads = [Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.status_code for one in answers] == [200] * 4, [one.json() for one in answers]
    assert sum("Idempotency-Replayed" in one for one in answers) == 3
    with transaction.atomic(), tenant_scope(cast.company.pk):
        assert Entry.objects.filter(event="job.retried").count() == 1


def test_stale_change_is_refused_field_by_field() -> None:
    row = SimpleNamespace(name="now", note="same", updated_at=timezone.now())
    refuse_stale(row, {"name": "mine"}, etag=etag_of(row))
    with pytest.raises(StaleEdit) as caught:
        refuse_stale(row, {"name": "mine", "note": "same"}, etag="1.0")
    assert caught.value.problem()["clashes"] == [{"field": "name", "yours": "mine", "now": "now"}]
    assert caught.value.problem()["status"] == 412
