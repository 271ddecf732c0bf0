"""The list through its doors: place by key, filter, sums, views, columns, cells, many at once, export, paper."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.models import Party
from dialogue.kit.rows import etag_of
from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.lists.models import BulkEdit, SavedView
from tests.cast import Cast, make_cast

BASE = "/c/romashka"
ROW = re.compile(r'<tr data-id="(\d+)"')


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


def client_of(cast: Cast, who: str = "owner") -> Client:
    client = Client()
    client.force_login(getattr(cast, who))
    return client


def fill(cast: Cast, count: int, *, same_name: bool = False) -> list[int]:
    drafts = [
        NewParty(
            name="ООО Ромб" if same_name else f"Фирма {number:03d}",
            kind="company",
            phase=("acquire", "develop")[number % 2],
            contacts=[Contact("email", f"f{number}@example.org")],
        )
        for number in range(count)
    ]
    return create_parties(drafts, by=cast.actor(cast.owner))


def rows_of(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content.decode()[:500]
    return [int(pk) for pk in ROW.findall(answer.content.decode())]


def link(answer: Any, words: str) -> str:
    found = re.search(rf'href="(\?[^"]*{words}=[^"]*)"', answer.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("sort", ["name", "-name", "created_at", "-created_at", "-updated_at"])
@pytest.mark.parametrize("same_name", [False, True])
def test_pages_show_every_row_once_there_and_back(cast: Cast, sort: str, *, same_name: bool) -> None:
    ids = fill(cast, 97, same_name=same_name)
    client = client_of(cast)
    answer = client.get(f"{BASE}/contacts/?size=40&sort={sort}")
    pages = [rows_of(answer)]
    while after := link(answer, "after"):
        answer = client.get(f"{BASE}/contacts/{after}")
        pages.append(rows_of(answer))
    assert [len(page) for page in pages] == [40, 40, 17]
    assert sorted(pk for page in pages for pk in page) == sorted(ids)
    back = [pages[-1]]
    while before := link(answer, "before"):
        answer = client.get(f"{BASE}/contacts/{before}")
        back.append(rows_of(answer))
    assert back[::-1] == pages


def test_changed_place_is_refused_in_words(cast: Cast) -> None:
    answer = client_of(cast).get(f"{BASE}/contacts/?after=nonsense")
    assert answer.status_code == 422
    assert "начните с первой" in answer.content.decode()


def test_size_in_raised_digits_is_no_size(cast: Cast) -> None:
    fill(cast, 2)
    assert client_of(cast).get(f"{BASE}/contacts/?size=²").status_code == 200


def test_no_address_breaks_the_list(cast: Cast) -> None:
    fill(cast, 2)
    client = client_of(cast)
    names = [
        "f.name",
        "f.phase",
        "f.created_at",
        "f.city.is",
        "sort",
        "cols",
        "size",
        "view",
        "q",
        "saved",
        "filter",
        "f.x",
        "before",
    ]
    text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(query=st.dictionaries(st.sampled_from(names), text))
    def ask(query: dict[str, str]) -> None:
        assert client.get(f"{BASE}/contacts/", query).status_code in {200, 422}

    ask()


def test_filter_and_totals_follow_each_other(cast: Cast) -> None:
    fill(cast, 50)
    client = client_of(cast)
    found = client.get(f"{BASE}/contacts/?f.phase=develop&size=20")
    assert len(rows_of(found)) == 20
    totals = client.get(f"{BASE}/lists/contacts/totals/?f.phase=develop")
    assert re.search(r'id="list-count"[^>]*>[^<]*25<', totals.content.decode())
    counts = dict(re.findall(r'<small id="n-fphase-(\w+)"[^>]*>(\d+)<', totals.content.decode()))
    assert counts["acquire"] == counts["develop"] == "25"


@pytest.mark.parametrize("door", ["contacts/", "lists/contacts/print/", "lists/contacts/totals/", "lists/contacts/columns/"])
def test_stranger_finds_no_list(cast: Cast, door: str) -> None:
    fill(cast, 3)
    assert client_of(cast).get(f"{BASE}/{door}").status_code == 200
    assert client_of(cast, "stranger").get(f"{BASE}/{door}").status_code == 404


def test_view_is_kept_opened_and_forgotten(cast: Cast) -> None:
    fill(cast, 4)
    client = client_of(cast)
    client.post(f"{BASE}/lists/contacts/views/", {"name": "Развитие", "query": "f.phase=develop&sort=-name&cols=name,phase"})
    view = SavedView.objects.get(name="Развитие")
    opened = client.get(f"{BASE}/lists/views/{view.pk}/", follow=True)
    assert len(rows_of(opened)) == 2
    assert "Развитие" in opened.content.decode()
    assert client_of(cast, "manager").get(f"{BASE}/lists/views/{view.pk}/").status_code == 404
    client.post(f"{BASE}/lists/views/{view.pk}/forget/")
    assert not SavedView.objects.exists()


def test_view_without_name_is_refused(cast: Cast) -> None:
    answer = client_of(cast).post(f"{BASE}/lists/contacts/views/", {"name": " ", "query": ""})
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


def test_chosen_columns_stay(cast: Cast) -> None:
    fill(cast, 1)
    client = client_of(cast)
    client.post(f"{BASE}/lists/contacts/columns/keep/", {"column": ["name", "phase"], "size": "100", "query": ""})
    shown = client.get(f"{BASE}/contacts/").content.decode()
    assert shown.count('<th scope="col"') == 2
    client.post(f"{BASE}/lists/contacts/columns/keep/", {"usual": "1", "query": ""})
    assert client.get(f"{BASE}/contacts/").content.decode().count('<th scope="col"') > 2


def test_cell_changes_in_its_place_and_a_stale_one_asks_again(cast: Cast) -> None:
    (pk,) = fill(cast, 1)
    client = client_of(cast)
    url = f"{BASE}/lists/contacts/{pk}/phase/"
    old = etag_of(Party.objects.get(pk=pk))
    assert 'name="etag"' in client.get(url).content.decode()
    changed = client.post(url, {"etag": old, "value": "keep"})
    assert Party.objects.get(pk=pk).phase == "keep"
    assert 'class="editing"' not in changed.content.decode()
    stale = client.post(url, {"etag": old, "value": "end"})
    assert 'role="alert"' in stale.content.decode()
    assert Party.objects.get(pk=pk).phase == "keep"
    again = re.search(r'name="etag" value="([^"]+)"', stale.content.decode())
    assert again
    client.post(url, {"etag": again[1], "value": "end"})
    assert Party.objects.get(pk=pk).phase == "end"


def test_many_are_changed_and_put_back_but_for_those_changed_since(cast: Cast) -> None:
    ids = fill(cast, 6)
    client = client_of(cast)
    client.post(f"{BASE}/lists/contacts/bulk/run/", {"verb": "phase", "value": "keep", "all": "1", "query": "f.phase=acquire"})
    edit = BulkEdit.objects.get()
    assert edit.count == 3
    assert Party.objects.filter(phase="keep").count() == 3
    touched = Party.objects.filter(phase="keep").order_by("pk").first()
    assert touched
    Party.objects.filter(pk=touched.pk).update(phase="end")
    client.post(f"{BASE}/lists/contacts/bulk/{edit.pk}/undo/")
    assert BulkEdit.objects.get().restored == 2
    assert Party.objects.filter(phase="acquire").count() == 2
    assert Party.objects.get(pk=touched.pk).phase == "end"
    again = client.post(f"{BASE}/lists/contacts/bulk/{edit.pk}/undo/")
    assert again.status_code == 409
    assert len(ids) == 6


def test_many_need_a_selection(cast: Cast) -> None:
    answer = client_of(cast).post(f"{BASE}/lists/contacts/bulk/run/", {"verb": "phase", "value": "keep", "ids": ""})
    assert answer.status_code == 422
    assert not BulkEdit.objects.exists()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_export_holds_every_match_and_no_formula(
    cast: Cast, form: str, *, tmp_path: Any, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    fill(cast, 3)
    create_parties([NewParty(name="=cmd|' /C calc'!A0", kind="company", phase="acquire")], by=cast.actor(cast.owner))
    client = client_of(cast)
    client.post(f"{BASE}/lists/contacts/export/", {"form": form, "query": "f.phase=acquire&sort=name&cols=name,email"})
    job = Job.objects.get(kind="lists.export")
    run_job(cast.company.pk, job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    assert job.result["rows"] == 3
    taken = client.get(f"{BASE}/lists/exports/{job.pk}/")
    content = b"".join(taken.streaming_content)  # type: ignore[attr-defined]
    if form == "csv":
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    else:
        lines = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    names = [line[0] for line in lines[1:]]
    assert sorted(names) == sorted(["'=cmd|' /C calc'!A0", "Фирма 000", "Фирма 002"])
    assert client_of(cast, "manager").get(f"{BASE}/lists/exports/{job.pk}/").status_code == 404
    default_storage.delete(job.result["file"])


def test_paper_shows_whole_values_without_buttons(cast: Cast) -> None:
    fill(cast, 2)
    shown = client_of(cast).get(f"{BASE}/lists/contacts/print/?view=all").content.decode()
    assert "Фирма 001" in shown
    assert "f1@example.org" in shown
    assert "<form" not in shown
