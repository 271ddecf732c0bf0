"""A seller writes, notes and records an answer on the card, in Russian, at the desk and on the phone."""

from __future__ import annotations

import pytest
from django.db import transaction

from dialogue.customers.channels.tests.stage import worked
from dialogue.kit.scope import tenant_scope
from dialogue.platform.mail.models import StoredLetter
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import a_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_letter_note_and_answer_stand_on_the_card(office: Office, size: tuple[int, int]) -> None:
    ivan = a_person(office.cast, "Дуликов Иван", email="dulikov@avtoprom.example.org", first_name="Иван")
    page = office.page_as(office.cast.seller, size, language="ru")
    page.goto(f"{office.base}/contacts/{ivan.pk}/")
    feed = page.locator("#talk-feed")
    page.get_by_role("button", name="Написать письмо").click()
    page.get_by_label("Тема").fill("Приглашение на выставку")
    page.get_by_label("Текст", exact=True).fill("Здравствуйте, {{first_name}}!\n\nСхема: https://romashka.example.org/map")
    page.get_by_role("button", name="Посмотреть").click()
    page.locator("#letter-preview").get_by_text("Здравствуйте, Иван!").first.wait_for()
    assert_clean(page)
    page.get_by_role("button", name="Отправить", exact=True).click()
    feed.get_by_text("Приглашение на выставку").wait_for()
    assert not page.locator("#sheet").is_visible()
    worked(office.cast)
    feed.get_by_text("в локальном ящике").wait_for()
    feed.locator("article.said").first.hover()
    feed.get_by_role("button", name="Записать ответ").click()
    page.get_by_label("Его словами").fill("Приду во вторник")
    page.locator("#sheet form button.main").click()
    feed.locator("article.ans", has_text="Приду во вторник").wait_for()
    page.locator("#compose-body").fill("Перезвонить в понедельник")
    page.locator(".compose button.main").click()
    feed.locator("article.own", has_text="Перезвонить в понедельник").wait_for()
    assert page.locator("#compose-body").input_value() == ""
    assert_clean(page)
    with tenant_scope(office.cast.company.pk), transaction.atomic():
        assert StoredLetter.objects.count() == 1
