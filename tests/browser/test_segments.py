"""Segments in a browser: the page with everything on it, people by hand, many contacts at once, the comparison."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from dialogue.customers.timeline.actions import record_response, record_touch
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.models import Membership, Segment
from dialogue.marketing.segments.picking import pick_people
from dialogue.marketing.segments.rebuilding import measure_segment
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import a_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def populate(office: Office) -> tuple[Segment, Segment]:
    made = {name: a_person(office.cast, name, address={"city": city}) for name, city in CITIES.items()}
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        by = office.cast.actor(office.cast.owner)
        record_touch(made["Анна"], kind="letter", by=by)
        record_response(made["Анна"], kind="reply", by=by)
        first = create_segment("Рязанцы", {"field": "city", "is": "Рязань"}, by=by, note="На весну")
        second = create_segment("Без Веры", {"all": [{"in_segment": first.code}, {"field": "name", "is_not": "Вера"}]}, by=by)
        pick_people(first, [made["Борис"].pk], "in", by=by, note="просил сам")
        measure_segment(first, by=by)
    return first, second


CITIES = {"Анна": "Рязань", "Борис": "Москва", "Вера": "Рязань"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_segment_and_comparison_are_clean(office: Office, size: tuple[int, int], dark: bool) -> None:
    first, second = populate(office)
    page = office.page_as(office.cast.owner, size, dark=dark)
    page.goto(f"{office.base}/segments/{first.pk}/")
    expect(page.get_by_text("put in by hand")).to_be_visible()
    page.locator("summary", has_text="Table").click()
    assert_clean(page)
    page.goto(f"{office.base}/segments/overlap/?segment={first.code}&segment={second.code}")
    expect(page.locator("table.overlap tbody tr")).to_have_count(2)
    assert_clean(page)


def test_person_is_left_out_by_the_dialog(office: Office) -> None:
    first, _second = populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/segments/{first.pk}/")
    page.get_by_role("button", name="Put in or leave out").click()
    dialog = page.locator("#sheet")
    dialog.get_by_role("combobox", name="Customer").press_sequentially("Вера")
    dialog.get_by_role("option", name=re.compile("Вера")).click()
    dialog.get_by_label("leave out, whatever the rule says").check()
    dialog.get_by_label("Reason").fill("переехала")
    assert_clean(page)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("left out by hand")).to_be_visible()
    with tenant_scope(office.cast.company.pk), transaction.atomic():
        assert Membership.objects.current().filter(segment_id=first.pk).count() == 2


def test_chosen_contacts_are_put_into_a_segment_and_taken_back(office: Office) -> None:
    first, _second = populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/segments/{first.pk}/")
    page.get_by_role("link", name="Show the people").click()
    expect(page.locator("#list tbody tr")).to_have_count(3)
    page.goto(f"{office.base}/contacts/?view=all")
    page.locator("[data-every]").check()
    page.get_by_role("button", name="New segment of these").click()
    page.locator("#sheet input[name=value]").fill("Гости")
    page.locator("#sheet").get_by_role("button", name="New segment of these").click()
    undo = page.locator("#bulk-done").get_by_role("button", name="Undo")
    undo.wait_for()
    with tenant_scope(office.cast.company.pk), transaction.atomic():
        made = Segment.objects.get(name="Гости")
    assert made.size == 3
    undo.click()
    undo.wait_for(state="detached")
    with tenant_scope(office.cast.company.pk), transaction.atomic():
        made.refresh_from_db()
    assert made.size == 0
