"""Files of exports and imports are removed after the days a company keeps them; what they did stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client
from django.utils import timezone

from dialogue.customers.parties.models import Party
from dialogue.faces.command.main import main
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.schedules import keep_house
from dialogue.platform.imports.models import Import, ImportState
from dialogue.platform.imports.storage import file_of
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.tenants.models import Tenant
from tests.api.conftest import caller_of
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db
FILE = "Имя;E-mail\nИван Дуликов;ivan@example.org\nПлохая строка;не адрес\n"


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.FILES_FOLDER = tmp_path / "files"
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    made = Client()
    made.force_login(cast.owner)
    return made


def age(cast: Cast, days: int) -> None:
    """Let all jobs and imports be older by some days."""
    with transaction.atomic(), tenant_scope(cast.company.pk):
        moment = timezone.now() - timedelta(days=days)
        Job.objects.update(finished_at=moment)
        Import.objects.update(updated_at=moment)


def test_exported_file_waits_for_its_days_and_goes(cast: Cast, client: Client) -> None:
    a_person(cast)
    client.post("/c/romashka/lists/contacts/export/", {"form": "csv", "query": ""})
    with tenant_scope(cast.company.pk):
        job = Job.objects.get(kind="lists.export")
    assert "14 " in client.get("/c/romashka/jobs/").content.decode()
    run_job(cast.company.pk, job.pk)
    with tenant_scope(cast.company.pk):
        place = Job.objects.get(pk=job.pk).result["file"]
    age(cast, 13)
    keep_house()
    assert default_storage.exists(place)
    assert client.get(f"/c/romashka/lists/exports/{job.pk}/").status_code == 200
    age(cast, 15)
    keep_house()
    assert not default_storage.exists(place)
    assert client.get(f"/c/romashka/lists/exports/{job.pk}/").status_code == 404
    page = client.get("/c/romashka/jobs/").content.decode()
    assert "Файл удалён через 14 дней" in page
    assert f"/lists/exports/{job.pk}/" not in page


def load(cast: Cast, folder: Path) -> Import:
    file = folder / "люди.csv"
    file.write_text(FILE)
    assert main(["import", str(file), "--company", "romashka", "--as", "people", "--json"]) == 3
    with tenant_scope(cast.company.pk):
        found: Import = Import.objects.get()
    return found


def test_imported_file_goes_and_its_outcome_and_undo_stay(
    cast: Cast, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = load(cast, tmp_path)
    age(cast, 179)
    keep_house()
    with tenant_scope(cast.company.pk):
        place = file_of(run.file)
    assert place.is_file()
    age(cast, 181)
    keep_house()
    assert not place.exists()
    outcome = b"".join(client.get(f"/c/romashka/imports/{run.pk}/outcome.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "не адрес" in outcome
    assert outcome.count("\n") == 3
    assert "Сам файл удалён" in client.get(f"/c/romashka/imports/{run.pk}/").content.decode()
    assert main(["undo", str(run.pk)]) == 0
    with tenant_scope(cast.company.pk):
        assert not Party.objects.exists()
        assert Import.objects.get().state == ImportState.UNDONE


def test_file_of_two_imports_and_of_one_at_work_stays(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = load(cast, tmp_path)
    age(cast, 400)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        place = file_of(run.file)
        Import.objects.update(state=ImportState.RUNNING)
    keep_house()
    assert place.is_file()
    main(["import", str(tmp_path / "люди.csv"), "--company", "romashka", "--as", "people", "--again", "--json"])
    with transaction.atomic(), tenant_scope(cast.company.pk):
        Import.objects.filter(pk=run.pk).update(state=ImportState.DONE)
    keep_house()
    assert place.is_file()


def test_company_says_how_long_files_are_kept(cast: Cast, client: Client) -> None:
    page = client.get("/c/romashka/settings/company/").content.decode()
    assert 'name="keep_exports_days"' in page
    given = {
        name: getattr(cast.company, name) for name in ("name", "language", "country", "currency", "time_zone", "week_start")
    }
    wrong = client.post("/c/romashka/settings/company/", given | {"keep_exports_days": "0", "keep_imports_days": "30"})
    assert wrong.status_code == 422
    assert client.post(
        "/c/romashka/settings/company/", given | {"keep_exports_days": "3", "keep_imports_days": "30"}
    ).status_code == 302  # fmt: skip
    with transaction.atomic(), tenant_scope(cast.company.pk):
        kept = Tenant.objects.get(pk=cast.company.pk).settings
    assert (kept["keep_exports_days"], kept["keep_imports_days"]) == (3, 30)
    api = caller_of(cast.company, cast.owner, cast.owner)
    assert api.patch("/company", {"settings": {"keep_exports_days": 7}}).json()["settings"]["keep_exports_days"] == 7
    assert api.patch("/company", {"settings": {"keep_exports_days": 0}}).status_code == 422
    assert api.patch("/company", {"settings": {"keep_exports_days": "x"}}).status_code == 422
