"""A marketer imports a file through the pages and the API: upload, map, try, start, read the outcome, undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.platform.imports.models import Import, ImportProfile
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from tests.api.conftest import Caller, caller_of
from tests.cast import Cast, make_cast

PEOPLE = "ФИО;Почта;Год\nАнна Щукина;anna@example.org;1980\nПётр;не адрес;1981\n=cmd|x;c@example.org;1\n"


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    settings.FILES_FOLDER = tmp_path
    return make_cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.owner)
    return client


def file(text: str = PEOPLE, name: str = "люди.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode("cp1251"), content_type="text/csv")


def upload(client: Client, **given: Any) -> None:
    answer = client.post("/c/romashka/imports/new/", {"kind": "people", "file": file(), **given})
    assert answer.status_code == 302, answer.content.decode()[-2000:]


def last(cast: Cast) -> Import:
    with tenant_scope(cast.company.pk):
        return Import.objects.order_by("-id").first()


def work(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        jobs = list(Job.objects.unfinished().values_list("pk", flat=True))
    for job in jobs:
        run_job(cast.company.pk, job)


def test_pages_lead_from_the_file_to_the_undo(cast: Cast, client: Client) -> None:
    page = client.get("/c/romashka/imports/")
    assert "New import" in page.content.decode() or "Новый импорт" in page.content.decode()
    upload(client)
    run = last(cast)
    address = f"/c/romashka/imports/{run.pk}/"
    page = client.get(address).content.decode()
    assert "Анна Щукина" in page
    assert run.facts["encoding"] == "cp1251"
    given = {"to-0": "name", "to-1": "email", "to-2": "new:number", "match": "email", "empty": "NA"}
    client.post(f"{address}map/", given | {"verb": "try"})
    work(cast)
    page = client.get(address).content.decode()
    assert "не адрес" in page
    with tenant_scope(cast.company.pk):
        assert not Party.objects.exists()
    client.post(f"{address}map/", given | {"verb": "profile", "profile_name": "Из кассы"})
    answer = client.post(f"{address}map/", given | {"verb": "start"})
    assert answer.status_code == 302, answer.content.decode()
    progress = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" in progress
    work(cast)
    run = last(cast)
    assert (run.state, run.created, run.refused) == ("done", 1, 2)
    assert 'class="btn main" href="/c/romashka/contacts/"' in client.get(address).content.decode()
    csv = b"".join(client.get(f"{address}outcome.csv").streaming_content).decode("utf-8-sig")
    assert len(csv.strip().splitlines()) == 4
    assert "'=cmd|x" in csv
    only = b"".join(client.get(f"{address}outcome.csv?only=refused").streaming_content).decode("utf-8-sig")
    assert len(only.strip().splitlines()) == 3
    with tenant_scope(cast.company.pk):
        assert Party.objects.get().characteristics == {"god": "1980"}
        assert ImportProfile.objects.get().mapping["match"] == "email"
    client.post(f"{address}undo/")
    work(cast)
    assert "Restored" in client.get(address).content.decode() or last(cast).state == "undone"
    with tenant_scope(cast.company.pk):
        assert not Party.objects.exists()


def test_file_loaded_before_asks_before_it_is_loaded_again(cast: Cast, client: Client) -> None:
    for _each in range(2):
        upload(client)
        run = last(cast)
        answer = client.post(f"/c/romashka/imports/{run.pk}/map/", {"to-0": "name", "to-1": "email", "verb": "start"})
        work(cast)
    assert answer.status_code == 409
    assert 'value="again"' in answer.content.decode()
    client.post(f"/c/romashka/imports/{run.pk}/map/", {"to-0": "name", "to-1": "email", "verb": "again"})
    work(cast)
    assert last(cast).state == "done"


def test_sheet_kind_and_encoding_can_be_read_anew_and_a_draft_dropped(cast: Cast, client: Client) -> None:
    upload(client)
    run = last(cast)
    client.post(f"/c/romashka/imports/{run.pk}/read/", {"kind": "companies", "encoding": "koi8-u", "delimiter": ";"})
    run = last(cast)
    assert (run.kind, run.facts["encoding"]) == ("companies", "koi8_u")
    answer = client.post(f"/c/romashka/imports/{run.pk}/read/", {"kind": "companies", "encoding": "martian"})
    assert answer.status_code == 422
    client.post(f"/c/romashka/imports/{run.pk}/drop/")
    assert last(cast) is None


def test_missing_field_is_named_on_the_page(cast: Cast, client: Client) -> None:
    upload(client)
    answer = client.post(f"/c/romashka/imports/{last(cast).pk}/map/", {"verb": "start"})
    assert answer.status_code == 422
    assert "note bad" in answer.content.decode()


def test_wrong_file_is_refused_on_the_page(cast: Cast, client: Client) -> None:
    answer = client.post("/c/romashka/imports/new/", {"kind": "people", "file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")})
    assert answer.status_code == 422
    answer = client.post("/c/romashka/imports/new/", {"kind": "people"})
    assert answer.status_code == 422
    assert last(cast) is None


def test_seller_and_stranger_find_the_door_shut(cast: Cast, client: Client) -> None:
    upload(client)
    run = last(cast)
    for user, codes in ((cast.seller, {403, 404}), (cast.stranger, {404})):
        other = Client()
        other.force_login(user)
        for path in ("imports/", "imports/new/", f"imports/{run.pk}/", f"imports/{run.pk}/outcome.csv"):
            assert other.get(f"/c/romashka/{path}").status_code in codes, (user, path)
        assert other.post(f"/c/romashka/imports/{run.pk}/drop/").status_code in codes


def test_api_loads_and_takes_back(cast: Cast) -> None:
    api = caller_of(cast.company, cast.owner, cast.owner)
    made = send_file(api, {"kind": "people", "start": "yes", "map": json.dumps({"columns": {"ФИО": "name", "Почта": "email"}})})
    assert made.status_code == 200, made.content
    number = made.json()["id"]
    work(cast)
    run = api.get(f"/imports/{number}").json()
    assert (run["state"], run["rows"], run["created"], run["refused"]) == ("done", 3, 1, 2)
    rows = api.get(f"/imports/{number}/rows?outcome=refused&limit=1").json()
    assert rows["items"][0]["number"] == 3
    assert rows["items"][0]["words"]
    assert rows["next"]
    again = send_file(
        api, {"kind": "people", "start": "yes", "map": json.dumps({"columns": {"ФИО": "name", "Почта": "email"}})}
    )
    assert (again.status_code, again.json()["code"]) == (409, "imported-before")
    assert api.post(f"/imports/{number}/undo").status_code == 200
    work(cast)
    assert api.get(f"/imports/{number}").json()["undone"]["removed"] == 1
    assert api.get(f"/imports/{number}/kept").json()["items"] == []
    assert [one["id"] for one in api.get("/imports").json()["items"]] == [number]


def test_api_tries_maps_and_refuses(cast: Cast) -> None:
    api = caller_of(cast.company, cast.owner, cast.owner)
    number = send_file(api, {"kind": "people"}).json()["id"]
    draft = send_file(api, {"kind": "people"}).json()
    wrong = api.send("PUT", f"/imports/{draft['id']}/map", {"columns": {"Нет": "name"}})
    assert wrong.status_code == 200
    refused = api.post(f"/imports/{draft['id']}/try")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "columns.Нет")
    assert send_file(api, {"kind": "moons"}).status_code == 422
    assert send_file(api, {"kind": "people", "map": "[1"}).json()["code"] == "wrong-map"
    stranger = caller_of(cast.other_company, cast.stranger, cast.stranger)
    assert stranger.get(f"/imports/{number}").status_code == 404


def send_file(api: Caller, given: dict[str, str]) -> Any:
    headers = {"Authorization": f"Bearer {api.secret}"}
    return Client().post("/api/v1/imports", {"file": file(), **given}, headers=headers)
