"""The rule editor in a browser: by keyboard alone, on a phone, with the count that follows."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.models import Segment
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import a_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NESTED = {
    "all": [
        {"field": "city", "in": ["Рязань", "Москва"]},
        {"field": "phase", "in": ["acquire"]},
        {"any": [
            {"has": "purchase", "where": [{"field": "at", "within": "14d"}], "sum": "amount", "at_least": 50000},
            {"lacks": "touch", "where": [{"field": "way", "is": "email"}]},
            {"field": "birth_on", "period": "this_month"},
        ]},
        {"related": "decides_for", "where": [{"has": "deal"}]},
        {"not": {"any": [{"consent": "email", "purpose": "marketing", "is": "refused"}]}},
        {"field": "created_at", "since": "2026-01-01", "until": "2026-02-01"},
    ]
}  # fmt: skip


def populate(office: Office) -> None:
    for name, city in (("Анна", "Рязань"), ("Борис", "Москва"), ("Вера", "Рязань")):
        a_person(office.cast, name, address={"city": city})


def at(page: Page, name: str) -> None:
    """Wait until the input has the focus: what a person types next goes there."""
    page.wait_for_function("id => document.activeElement?.id === id", arg=name)


@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_editor_of_a_nested_rule_is_clean(office: Office, size: tuple[int, int], dark: bool, language: str) -> None:
    populate(office)
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        row = create_segment("Весна", NESTED, by=office.cast.actor(office.cast.owner))
    page = office.page_as(office.cast.owner, size, dark=dark, language=language)
    page.goto(f"{office.base}/segments/{row.pk}/edit/")
    page.locator("#segment-count .figure").wait_for()
    assert_clean(page)
    if size == PHONE:
        small = page.evaluate(
            "[...document.querySelectorAll('.rule button, .rule select, .rule summary')].filter(e => e.offsetHeight && e.offsetHeight < 40).map(e => e.id)"
        )
        assert small == []


def test_rule_is_written_by_keyboard_alone_and_counted(office: Office) -> None:
    populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/segments/new/")
    figure = page.locator("#segment-count .figure")
    expect(figure).to_have_text("3")
    at(page, "segment-name")
    page.keyboard.type("Рязанцы")
    page.locator('[id="rule:add"]').focus()
    page.keyboard.press("Enter")
    at(page, "rule.0:what")
    page.keyboard.type("City")
    page.keyboard.press("Tab")
    at(page, "rule.0:op")
    page.keyboard.press("Tab")
    page.keyboard.type("Рязань")
    expect(figure).to_have_text("2")
    expect(page.locator(".segment-words")).to_have_text("Customers that meet the condition: city is “Рязань”.")
    expect(page.locator(".segment-people")).to_contain_text("Анна")
    expect(page.locator("#count-said")).to_have_text("2 customers")
    # Enter in a value asks for the count, it does not save.
    page.keyboard.press("Enter")
    assert page.url.endswith("/segments/new/")
    # A group beside it, and the condition moves into it and out of it.
    page.locator('.rule > .rule-group > .rule-add button[value="group rule"]').focus()
    page.keyboard.press("Enter")
    at(page, "rule.1.0:what")
    page.keyboard.type("Name")
    page.keyboard.press("Enter")
    page.locator('[id="rule.1.0:v"]').fill("Борис")
    expect(figure).to_have_text("0")
    page.locator('[id="rule.0:v"]').focus()
    page.keyboard.press("Alt+ArrowDown")
    page.locator('[id="rule.0.1:what"]').wait_for()
    at(page, "rule.0.0:menu")
    expect(page.locator("#rule-said")).to_have_text("Moved down.")
    expect(figure).to_have_text("3")
    page.locator('[id="rule.0.1:remove"]').focus()
    page.keyboard.press("Enter")
    at(page, "rule.0.0:what")
    expect(figure).to_have_text("2")
    assert_clean(page)
    page.get_by_role("button", name="Put back").press("Enter")
    expect(page.locator('[id="rule.0.1:v"]')).to_have_value("Борис")
    expect(figure).to_have_text("3")
    page.locator('[id="rule.0.1:remove"]').press("Enter")
    expect(figure).to_have_text("2")
    page.locator("#segment-name").press("Enter")
    page.wait_for_url("**/segments/*/")
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        row = Segment.objects.get()
    assert (row.name, row.size) == ("Рязанцы", 2)
    assert row.tree == {"all": [{"any": [{"field": "city", "is": "Рязань"}]}]}


def test_unfinished_condition_is_marked_and_nothing_is_lost(office: Office) -> None:
    populate(office)
    page = office.page_as(office.cast.owner, PHONE)
    page.goto(f"{office.base}/segments/new/")
    page.locator("#segment-name").fill("Покупатели")
    page.locator('[id="rule:add"]').tap()
    page.locator('[id="rule.0:what"]').select_option("relation=purchase")
    page.locator('[id="rule.0:op"]').select_option("sum")
    page.locator('[id="rule.0:v"]').wait_for()
    expect(page.get_by_text("1 condition is not finished")).to_be_visible()
    page.get_by_role("button", name="Save").tap()
    page.get_by_text("To save the segment finish 1 condition").wait_for()
    assert page.locator("#segment-name").input_value() == "Покупатели"
    assert page.locator('[id="rule.0:op"]').input_value() == "sum"
    at(page, "rule.0:what")
    assert page.locator('[id="rule.0:what"]').get_attribute("aria-invalid") == "true"
    assert_clean_but_for_the_refusal(page)


def test_complaint_goes_when_what_was_missing_stands_there(office: Office) -> None:
    populate(office)
    page = office.page_as(office.cast.owner, DESK)
    page.goto(f"{office.base}/segments/new/")
    page.locator('[id="rule:add"]').click()
    page.locator('[id="rule.0:what"]').select_option("field=created_at")
    page.get_by_text("Enter a number.").wait_for()
    page.locator('[id="rule.0:v"]').fill("90")
    expect(page.get_by_text("Enter a number.")).to_have_count(0)
    page.get_by_text("1 condition is not finished").wait_for(state="hidden")
    assert_clean(page)


def assert_clean_but_for_the_refusal(page: Page) -> None:
    """The browser's console names the 422 of the refused form itself."""
    page.complaints[:] = [one for one in page.complaints if "422" not in one]  # type: ignore[attr-defined]
    assert_clean(page)


def test_filter_of_the_list_is_saved_as_a_segment(office: Office) -> None:
    populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/contacts/?f.city=Рязань")
    page.get_by_role("link", name="Save as segment").click()
    expect(page.locator("#segment-count .figure")).to_have_text("2")
    assert page.locator('[id="rule.0:v"]').input_value() == "Рязань"
    page.locator("#segment-name").fill("Рязанцы")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/segments/*/")


def test_what_is_typed_while_the_form_is_on_its_way_stays(office: Office) -> None:
    populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/segments/new/contacts/?f.city=Рязань")
    page.locator("#segment-count .figure").wait_for()
    page.route("**/rules/party/", lambda route: (page.wait_for_timeout(400), route.continue_()))
    page.locator('[id="rule:join"]').select_option("none")
    page.locator('[id="rule.0:v"]').fill("Москва")
    expect(page.locator("#segment-count .figure")).to_have_text("2")
    assert page.locator('[id="rule.0:v"]').input_value() == "Москва"
    expect(page.locator(".segment-words")).to_contain_text("meet none of the conditions: city contains “Москва”")
