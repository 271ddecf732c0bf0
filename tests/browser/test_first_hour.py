"""A seller's first hour, in Russian through the browser: from an empty installation to a won deal and its dialogue."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.machines import READY, ROOT, Installation, open_folder, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DEALS = ROOT / "tests" / "data" / "deals_ru" / "deals.csv"
PATIENCE = 20_000
READER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def sign_in(page: Page, link: str) -> None:
    page.goto(link)
    page.locator("main form .btn.main").click()
    page.wait_for_load_state()


def choose_russian(page: Page) -> None:
    page.get_by_role("button", name="Русский").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")


def register(page: Page) -> None:
    page.get_by_role("link", name="Новая компания").click()
    page.get_by_label("Название компании").fill("Ромашка")
    page.get_by_label("Её адрес здесь").fill("romashka")
    page.get_by_label("Валюта").select_option("RUB")
    page.get_by_role("button", name="Создать компанию").click()
    expect(page).to_have_url(re.compile(r"/c/romashka/$"))


def import_deals(page: Page, base: str) -> None:
    page.goto(f"{base}/imports/new/")
    page.set_input_files("#i-file", DEALS)
    page.locator("input[name=kind][value=deals]").check()
    page.locator("form.import-new .btn.main").click()
    expect(page.locator("#import-map")).to_be_visible()
    page.locator("#import-map button[value=start]").click()
    expect(page.locator("#import-state .chip.good")).to_be_visible()
    expect(page.locator("#import-state")).to_contain_text(re.compile(r"13\s243\s000"))


def find_and_change(page: Page, base: str) -> None:
    page.goto(f"{base}/deals/?view=all")
    expect(page.locator("#list tbody tr")).to_have_count(21)
    expect(page.locator("#list-sums")).to_have_text(re.compile(r"Итого 13\s243\s000\sруб\."))
    page.get_by_label("Принимают решение").check()
    expect(page.locator("#list tbody tr")).to_have_count(3)
    expect(page.locator("#list-sums")).to_have_text(re.compile(r"3\s080\s000\sруб\."))
    page.get_by_label("Принимают решение").uncheck()
    page.fill("#list-search", "Каталог отелей")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.locator("#list td[data-edit=budget]").dblclick()
    page.locator("#list td.editing input[name=value]").fill("190000")
    page.locator("#list td.editing .btn.main").click()
    expect(page.locator("#list td[data-edit=budget]")).to_have_text(re.compile(r"190\s000\sруб\."))


def move_on_the_board(page: Page, base: str) -> None:
    page.goto(f"{base}/deals/board/")
    card = page.locator(".column[data-name='Активные переговоры'] .deal").first
    name = card.locator(".name").inner_text()
    count = int(page.locator(".column[data-name='Принимают решение'] .count").inner_text())
    card.locator(".grip").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(".column[data-name='Принимают решение'] .count")).to_have_text(str(count + 1))
    page.reload()
    expect(page.locator(".column[data-name='Принимают решение'] .deal", has_text=name).first).to_be_visible()


def open_customer(page: Page, base: str) -> str:
    page.goto(f"{base}/deals/?view=all&q=Каталог отелей")
    page.locator("#list td.title a").click()
    deal = page.url
    page.locator("#contacts a").first.click()
    expect(page.locator("h1")).to_have_text("Артур Говорухин")
    return deal


def give_address(page: Page) -> None:
    page.locator("[hx-get$='/reach/']").first.click()
    page.locator("#sheet select[name=kind]").select_option("email")
    page.locator("#sheet input[name=value]").fill("artur@example.org")
    page.locator("#sheet .btn.main").click()
    expect(page.locator("main")).to_contain_text("artur@example.org")


def name_a_sender(page: Page, base: str) -> None:
    card = page.url
    page.goto(f"{base}/settings/senders/")
    page.locator("input[name=name]").first.fill("Ромашка")
    page.locator("input[name=email]").first.fill("office@example.org")
    page.locator("main form .btn.main").first.click()
    expect(page.locator("main")).to_contain_text("office@example.org")
    page.goto(card)


def write(page: Page) -> None:
    page.locator("#dialogue [hx-get$='/write/']").click()
    page.locator("#letter-purpose").select_option("service")
    page.locator("#letter-subject").fill("Каталог отелей: договор")
    page.locator("#letter-text").fill("Здравствуйте! Договор лежит [здесь](https://example.org/contract).")
    page.locator("#sheet .btn.main").click()
    expect(page.locator("#talk-feed .said")).to_contain_text("Каталог отелей: договор")


def answer(page: Page, base: str) -> None:
    card = page.url
    letter = page.get_by_role("link", name="Каталог отелей: договор").first

    def came() -> bool:
        page.goto(f"{base}/mailbox/")
        return letter.is_visible()

    until(came, seconds=60)
    letter.click()
    inside = page.frame_locator("iframe.seen-letter")
    link = inside.locator("a", has_text="здесь").get_attribute("href")
    assert link
    assert "/l/" in link
    guest = page.context.browser.new_context(user_agent=READER).new_page()  # type: ignore[union-attr]
    # The address the letter points at does not exist: what counts is that our second origin saw the reader.
    with suppress(Error):
        guest.goto(link)

    def answered() -> bool:
        page.goto(card)
        return page.locator("#talk-feed .turn .ans").first.is_visible()

    until(answered, seconds=60)


def win(page: Page, deal: str, base: str) -> None:
    page.goto(deal)
    page.locator("form[action$='/win/'] .btn.main").click()
    expect(page.locator(".head .chip").first).to_have_text("Закрыто и успешно реализовано")
    page.goto(f"{base}/deals/?view=all&q=Каталог отелей")
    expect(page.locator("#list tbody")).to_contain_text("Закрыто и успешно реализовано")


def test_first_hour_in_russian(chromium: Browser) -> None:
    expect.set_options(timeout=PATIENCE)
    with open_folder() as folder:
        office = Installation(folder / "data", "--no-demo")
        try:
            found = READY.match(office.ready())
            assert found
            page = chromium.new_context(locale="ru").new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(found[1] + "account/login/")
            choose_russian(page)
            sign_in(page, found[3])
            register(page)
            base = found[1] + "c/romashka"
            import_deals(page, base)
            find_and_change(page, base)
            move_on_the_board(page, base)
            deal = open_customer(page, base)
            give_address(page)
            name_a_sender(page, base)
            write(page)
            answer(page, base)
            win(page, deal, base)
        finally:
            expect.set_options(timeout=5_000)
            office.end()
