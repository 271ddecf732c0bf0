"""The customer card and the palette in a browser: by keyboard, at the desk and on the phone."""

from __future__ import annotations

import pytest
from django.db import transaction

from dialogue.customers.parties.details import record_consent, relate
from dialogue.customers.parties.models import Party, RelationType
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.actions import define_characteristic
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import a_firm, a_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def populate(office: Office) -> Party:
    """Make a person with everything a card shows."""
    cast = office.cast
    with transaction.atomic(), tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        define_characteristic("party", label="Потенциал", kind="choice", choices=["высокий", "средний"], by=by)
        firm = a_firm(cast, phone="+7 495 123-45-67")
        person = a_person(
            cast, "Иван Дуликов", email="d@avtoprom.example", phone="8 920 123-45-67", company=firm.pk, position="Директор",
            decision="decides", characteristics={"potentsial": "vysokii"},
        )  # fmt: skip
        relate(person, firm, RelationType.objects.get(code="pays_for"), by=by)
        record_consent(person, channel="email", state="given", by=by)
        record_consent(person, channel="sms", state="refused", by=by)
    return person


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_card_and_its_dialogs_are_clean(office: Office, size: tuple[int, int], dark: bool) -> None:
    person = populate(office)
    page = office.page_as(office.cast.owner, size, dark=dark)
    for tab in ("", "?tab=details", "?tab=files", "?tab=history"):
        page.goto(f"{office.base}/contacts/{person.pk}/{tab}")
        assert_clean(page)
    for name in ("Add a contact", "Add a relation"):
        page.get_by_role("button", name=name).click()
        page.locator("#sheet[open] form").wait_for()
        assert_clean(page)
        page.keyboard.press("Escape")


def test_field_is_changed_by_keyboard_in_its_place(office: Office) -> None:
    person = populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/contacts/{person.pk}/?tab=details")
    page.get_by_role("button", name="position: Директор").press("Enter")
    field = page.locator(".value-row.editing input.input")
    field.fill("Владелец")
    field.press("Enter")
    page.get_by_role("button", name="position: Владелец").wait_for()
    page.get_by_text("Владелец, ООО «Автопром»").wait_for()
    assert_clean(page)


def test_contact_is_added_and_the_box_shows_it(office: Office) -> None:
    person = populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/contacts/{person.pk}/")
    page.get_by_role("button", name="Add a contact").click()
    page.locator("#p-kind").select_option("email")
    page.locator("#p-value").fill("nobody")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Give an e-mail address").first.wait_for()
    page.locator("#p-value").fill("second@avtoprom.example")
    page.get_by_role("button", name="Save").click()
    page.locator("#panel-contacts").get_by_text("second@avtoprom.example").wait_for()
    assert not page.locator("#sheet[open]").count()


def test_new_contact_names_a_likely_duplicate_and_opens_the_card(office: Office) -> None:
    populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/contacts/")
    page.keyboard.press("n")
    page.locator("#p-last_name").fill("Dulikov")
    page.locator("#p-first_name").fill("Ivan")
    page.get_by_text("Perhaps this customer is known already").wait_for()
    page.locator("#p-last_name").fill("Новый")
    page.locator("#p-company").press_sequentially("автоп")
    page.locator("#p-company-list [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#p-company").input_value() == "ООО «Автопром»"
    assert_clean(page)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("heading", name="Новый Ivan").wait_for()


def test_palette_finds_by_any_layout_and_opens_by_keyboard(office: Office) -> None:
    person = populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Name, phone, e-mail or command")
    box.press_sequentially("lekbrjd")
    page.locator("#palette [role=option][aria-selected=true]").get_by_text("Иван Дуликов").wait_for()
    assert_clean(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/contacts/{person.pk}/")
    page.keyboard.press("Control+k")
    box.fill("new con")
    page.locator("#palette [role=option][aria-selected=true]").get_by_text("New contact").wait_for()
    page.keyboard.press("Enter")
    page.locator("#sheet[open]").get_by_text("New contact").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    box.fill("Дулик")
    page.keyboard.press("Escape")
    page.locator("#palette[open]").wait_for(state="detached")


def test_palette_serves_a_thumb(office: Office) -> None:
    populate(office)
    page = office.page_as(office.cast.owner, PHONE)
    page.goto(f"{office.base}/")
    page.get_by_role("button", name="Find a customer").click()
    page.get_by_role("combobox", name="Name, phone, e-mail or command").fill("123-45")
    page.locator("#palette").get_by_text("Иван Дуликов").click()
    page.get_by_role("heading", name="Иван Дуликов").wait_for()
    assert_clean(page)
