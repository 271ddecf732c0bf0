"""The board in a browser: a card goes by mouse, by keyboard and by a tap; a lost one says why; a refused one goes back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction
from playwright.sync_api import Locator, Page, expect

from dialogue.customers.tasks.actions import create_task
from dialogue.kit.scope import tenant_scope
from dialogue.selling.deals.actions import move_deal
from dialogue.selling.deals.models import Deal, Stage
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import a_deal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAMES = ("Audit", "Portal", "Shop")


@pytest.fixture
def deals(office: Office) -> list[Deal]:
    return [a_deal(office.cast, title=name, budget=Decimal(100)) for name in NAMES]


def open_board(office: Office, size: tuple[int, int] = DESK, *, dark: bool = False) -> Page:
    page = office.page_as(office.cast.owner, size, dark=dark)
    page.goto(f"{office.base}/deals/board/")
    page.locator(".board[data-ready]").wait_for()
    return page


def stage_of(office: Office, deal: Deal) -> int:
    """Return the place of the deal's stage in its pipeline, as the database says."""
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        return Deal.objects.select_related("stage").get(pk=deal.pk).stage.position


def column(page: Page, number: int) -> Locator:
    return page.locator(".column").nth(number - 1)


def grip(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"Move “{name}”")


def test_keyboard_carries_a_card(office: Office, deals: list[Deal]) -> None:
    page = open_board(office)
    grip(page, "Audit").focus()
    page.keyboard.press("Space")
    expect(page.locator("#board-says")).to_contain_text("Audit")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#board-says")).to_contain_text("place 1 of 1")
    with page.expect_response("**/move/"):
        page.keyboard.press("Space")
    expect(column(page, 3).locator(".count")).to_have_text("1")
    expect(column(page, 1).locator(".count")).to_have_text("2")
    expect(grip(page, "Audit")).to_be_focused()
    assert stage_of(office, deals[0]) == 3
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    assert stage_of(office, deals[0]) == 3
    expect(column(page, 3).get_by_text("Audit")).to_be_visible()


def test_mouse_drags_a_card(office: Office, deals: list[Deal]) -> None:
    page = open_board(office)
    card = page.locator(f".deal[data-id='{deals[1].pk}']")
    target = column(page, 2).locator(".cards")
    start, end = card.bounding_box(), target.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 60, start["y"] + start["height"] - 12)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + 20, steps=12)
    page.mouse.move(end["x"] + 60, end["y"] + 30, steps=4)
    with page.expect_response("**/move/"):
        page.mouse.up()
    expect(column(page, 2).locator(".count")).to_have_text("1")
    assert stage_of(office, deals[1]) == 2


def test_lost_card_asks_why(office: Office, deals: list[Deal]) -> None:
    page = open_board(office)
    grip(page, "Shop").click()
    page.locator("[data-move-to]").last.click()
    page.get_by_role("button", name="Cancel").last.click()
    expect(column(page, 1).get_by_text("Shop")).to_be_visible()
    grip(page, "Shop").click()
    page.locator("[data-move-to]").last.click()
    page.locator("#why-loss").select_option(label="another reason")
    page.get_by_label("In your own words").fill("Too dear")
    with page.expect_response("**/move/"):
        page.get_by_role("button", name="Close as lost").click()
    expect(column(page, 6).get_by_text("Shop")).to_be_visible()
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        assert Deal.objects.get(pk=deals[2].pk).lost_reason == "Too dear"


def test_refused_move_goes_back(office: Office, deals: list[Deal]) -> None:
    page = open_board(office)
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        stages = list(Stage.objects.in_use())
        move_deal(deals[0], stages[3], by=office.cast.actor(office.cast.owner))
    grip(page, "Audit").click()
    page.locator("[data-move-to]").nth(1).click()
    expect(page.locator("#board-toast")).to_contain_text("meanwhile")
    expect(column(page, 1).get_by_text("Audit")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]


def test_phone_shows_one_stage_at_a_time(office: Office, deals: list[Deal]) -> None:
    page = open_board(office, PHONE)
    assert page.locator(".column:visible").count() == 1
    page.locator("[data-stage-show]").nth(1).click()
    expect(column(page, 2)).to_be_visible()
    expect(column(page, 1)).to_be_hidden()
    assert_clean(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_board_and_deal_are_clean(office: Office, deals: list[Deal], dark: bool) -> None:
    page = open_board(office, dark=dark)
    assert_clean(page)
    page.goto(f"{office.base}/deals/{deals[0].pk}/")
    assert_clean(page)
    page.get_by_role("button", name="Change").click()
    page.locator("#sheet[open]").wait_for()
    assert_clean(page)


def test_deal_is_added_by_keyboard(office: Office) -> None:
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/deals/?view=all")
    page.locator("body").press("n")
    page.get_by_label("Deal name").fill("Corporate site")
    page.get_by_role("combobox", name="Main contact").fill("Ivan")
    page.locator("#p-contact-list [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_label("Budget").fill("1 520 000")
    page.keyboard.press("Enter")
    page.wait_for_url("**/deals/*/")
    expect(page.get_by_role("heading", name="Corporate site")).to_be_visible()
    assert_clean(page)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_day_and_report_are_clean(office: Office, deals: list[Deal], size: tuple[int, int]) -> None:
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        create_task("Call", by=office.cast.actor(office.cast.owner), subject=("deal", deals[0].pk))
    page = office.page_as(office.cast.owner, size)
    for path in ("tasks/", "analytics/", ""):
        page.goto(f"{office.base}/{path}")
        assert_clean(page)
    page.goto(f"{office.base}/tasks/")
    tick = page.get_by_role("button", name="Done: Call")
    tick.focus()
    with page.expect_response("**/done/"):
        page.keyboard.press("Space")
    expect(tick).to_have_attribute("aria-pressed", "true")
    expect(tick).to_be_focused()
