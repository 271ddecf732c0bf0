"""A file goes through the pages of an import at the desk and on the phone; each stands clean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import Cast
from tests.data import data_file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def work(cast: Cast) -> None:
    with tenant_scope(cast.company.pk), transaction.atomic():
        jobs = list(Job.objects.unfinished().values_list("pk", flat=True))
    for job in jobs:
        run_job(cast.company.pk, job)


@pytest.mark.parametrize(("size", "dark"), [(DESK, False), (PHONE, True)], ids=["desk", "phone"])
def test_import_is_mapped_tried_loaded_and_undone(
    office: Office, size: tuple[int, int], dark: bool, settings: Any, tmp_path: Path
) -> None:
    settings.FILES_FOLDER = tmp_path
    file = tmp_path / "deals.csv"
    file.write_bytes(data_file("deals_ru/deals.csv").read_bytes() + "Плохая,Имя,Фирма,Неведомо,NA\n".encode())
    page = office.page_as(office.cast.owner, size, dark=dark)
    page.goto(f"{office.base}/imports/new/?kind=deals")
    assert_clean(page)
    page.set_input_files("#i-file", str(file))
    page.get_by_role("button", name="Go on").click()
    page.locator("#import-map").wait_for()
    assert_clean(page)
    page.locator("#to-2").select_option("")
    page.locator("tr.import-unused").wait_for()
    # The fresh fields listen once htmx has settled; no hand is quicker.
    page.wait_for_function("!document.querySelector('.htmx-added, .htmx-settling, .htmx-swapping, .htmx-request')")
    page.locator("#to-2").select_option("company")
    page.locator("tr.import-unused").wait_for(state="detached")
    page.get_by_role("button", name="Try it").click()
    page.locator("#import-state").wait_for()
    work(office.cast)
    page.locator("#i-trial").wait_for()
    assert page.locator(".import-rows .chip.bad").count() == 1
    assert_clean(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.locator("#import-state").wait_for()
    work(office.cast)
    page.get_by_role("button", name="Undo the import").click()
    assert_clean(page)
    page.locator("#import-undo .danger").click()
    page.locator("#import-state").wait_for()
    work(office.cast)
    page.locator("#i-undone").wait_for()
    assert_clean(page)
    page.goto(f"{office.base}/imports/")
    assert_clean(page)
