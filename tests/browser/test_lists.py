"""The list by mouse, by keyboard and on the phone, in a real browser."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, Route, expect

from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import NewParty
from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.platform.lists.models import BulkEdit
from tests.browser.conftest import PHONE, Office, assert_clean

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fill(office: Office, count: int) -> None:
    with tenant_scope(office.cast.company.pk):
        by = office.cast.actor(office.cast.owner)
        phases = ("acquire", "develop")
        create_parties([NewParty(name=f"Фирма {n:03d}", kind="company", phase=phases[n % 2]) for n in range(count)], by=by)


def phases(office: Office) -> dict[str, int]:
    with tenant_scope(office.cast.company.pk), transaction.atomic():
        found: dict[str, int] = {}
        for phase in Party.objects.values_list("phase", flat=True):
            found[phase] = found.get(phase, 0) + 1
        return found


def opened(office: Office, *, phone: bool = False) -> Page:
    page = office.page_as(office.cast.owner, PHONE) if phone else office.page_as(office.cast.owner)
    page.goto(f"{office.base}/contacts/")
    expect(page.locator("#list-count")).to_have_text(re.compile(r"of \d+"))
    return page


def test_filter_narrows_keeps_the_address_and_counts(office: Office) -> None:
    fill(office, 50)
    page = opened(office)
    page.get_by_label("developing", exact=False).first.check()
    expect(page.locator("#list tbody tr")).to_have_count(25)
    assert "f.phase=develop" in page.url
    page.fill("#list-search", "Фирма 011")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator("#list tbody tr")).to_have_count(25)
    assert_clean(page)


def test_counts_that_come_after_their_list_is_gone_are_let_go(office: Office) -> None:
    fill(office, 50)
    page = opened(office)
    held: list[Route] = []
    page.route("**/totals/**", lambda route: route.continue_() if held else held.append(route))
    page.get_by_label("developing", exact=False).first.check()
    expect(page.locator("#list tbody tr")).to_have_count(25)
    page.wait_for_function("() => document.querySelector('#list .htmx-request')")
    page.fill("#list-search", "Фирма 011")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.locator("#list-count")).to_have_text("of 1")
    with page.expect_response("**/totals/**") as late:
        held[0].continue_()
    late.value.finished()
    # The browser has heard it when it answers the next thing.
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    expect(page.locator("#list-count")).to_have_text("of 1")
    assert_clean(page)


def test_one_more_condition_is_added_and_taken_out(office: Office) -> None:
    fill(office, 6)
    page = opened(office)
    address = page.url
    page.select_option("#add-condition", "name")
    page.locator("#further input.input").wait_for()
    assert page.url == address
    page.locator("#further input.input").fill("005")
    page.locator("#further input.input").press("Enter")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.locator("#further [data-away]").click()
    expect(page.locator("#list tbody tr")).to_have_count(6)


def test_selection_spans_pages_and_many_change_and_return(office: Office) -> None:
    fill(office, 45)
    page = opened(office)
    expect(page.locator("#list .bulk")).to_be_hidden()
    page.locator("#list tbody .check input").first.check()
    expect(page.locator("#list .bulk")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#list tbody tr")).to_have_count(5)
    page.locator("#list [data-every]").check()
    expect(page.locator("#list .chosen")).to_contain_text("6")
    page.get_by_role("button", name="Phase").click()
    page.locator("#sheet select[name=value]").select_option("keep")
    page.locator("#sheet .btn.main").click()
    expect(page.locator("#bulk-done")).to_contain_text("6 rows changed")
    assert phases(office)["keep"] == 6
    page.locator("#bulk-done").get_by_role("button", name="Undo").click()
    expect(page.locator("#bulk-done")).to_contain_text("6 rows put back")
    assert "keep" not in phases(office)
    with tenant_scope(office.cast.company.pk), transaction.atomic():
        assert BulkEdit.objects.get().restored == 6


def test_cells_are_walked_and_edited_by_keyboard(office: Office) -> None:
    fill(office, 3)
    page = opened(office)
    page.locator("#list tbody td.title").first.focus()
    for _step in range(8):
        if page.evaluate("document.activeElement.dataset.edit") == "phase":
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("F2")
    editor = page.locator("#list td.editing select")
    expect(editor).to_be_focused()
    editor.select_option("end")
    page.keyboard.press("Enter")
    page.locator("#list td.editing .btn.main").click()
    expect(page.locator("#list td.editing")).to_have_count(0)
    assert phases(office)["end"] == 1
    page.keyboard.press("F2")


def test_phone_opens_the_filter_and_shows_every_row_whole(office: Office) -> None:
    fill(office, 12)
    page = opened(office, phone=True)
    assert_clean(page)
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#filters")).to_be_visible()
    assert_clean(page)


def test_columns_are_chosen_in_the_sheet(office: Office) -> None:
    fill(office, 2)
    page = opened(office)
    page.get_by_role("button", name="Columns").click()
    sheet = page.locator("#sheet")
    expect(sheet).to_be_visible()
    assert_clean(page)
    sheet.get_by_label("city", exact=True).uncheck()
    sheet.get_by_role("button", name="Save").click()
    expect(page.locator("#list thead th")).to_have_count(7)
