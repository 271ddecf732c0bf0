"""Every page of the office that needs no record: axe, width, console, in both themes, at the desk and on the phone."""

from __future__ import annotations

import re

import pytest
from django.urls import get_resolver

from tests.browser.conftest import DESK, PHONE, Office, assert_clean, faults_of
from tests.guards.test_doors import patterns

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OFFICE = sorted(
    path for path, view in patterns(get_resolver()) if getattr(view, "access_door", "") == "member" and "<" not in path
)
DOORS = ["account/login/", "account/password/reset/", "companies/"]
LEAST_TARGET = 24


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_is_clean(office: Office, size: tuple[int, int], dark: bool) -> None:
    page = office.page_as(office.cast.owner, size, dark=dark)
    faults: dict[str, list[str]] = {}
    for path in OFFICE:
        page.complaints.clear()  # type: ignore[attr-defined]
        response = page.goto(f"{office.base}/{path}")
        assert response is not None
        # Pages for the installation's operator are not there for a company's owner.
        if response.status in {404, 405} or "text/html" not in response.headers.get("content-type", ""):
            continue
        if not response.text().lstrip().lower().startswith("<!doctype"):
            # A fragment for a place in another page.
            continue
        found = faults_of(page) if response.status == 200 else [f"answered {response.status}"]
        if found:
            faults[path] = found
    assert not faults, "\n".join(f"/{path}: {fault}" for path, found in faults.items() for fault in found)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", DOORS)
def test_doors_are_clean(office: Office, path: str, size: tuple[int, int]) -> None:
    page = office.page_as(office.cast.owner, size) if path == "companies/" else office.page(size)
    page.goto(f"{office.url}/{path}")
    assert_clean(page)


def test_theme_and_language_are_kept(office: Office) -> None:
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/")
    page.get_by_role("button", name="My account").click()
    page.get_by_role("button", name="dark").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_label("Language").select_option("uk")
    page.wait_for_url(re.compile(".*"))
    page.locator("html[lang=uk]").wait_for()
    assert_clean(page)
