"""The office of a restored company says that nothing is sent, and lets a person change that."""

from __future__ import annotations

import pytest
from django.db import transaction

from dialogue.kit.scope import tenant_scope
from dialogue.platform.tenants.models import Tenant
from tests.browser.conftest import DESK, PHONE, Office, assert_clean

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_locked_company_is_unlocked_by_its_button(office: Office, size: tuple[int, int], dark: bool) -> None:
    company = office.cast.company
    with transaction.atomic(), tenant_scope(company.pk):
        Tenant.objects.filter(pk=company.pk).update(sending_locked=True)
    page = office.page_as(office.cast.owner, size, dark=dark, language="ru")
    page.goto(f"{office.base}/jobs/")
    assert_clean(page)
    page.get_by_role("button", name="Разблокировать отправку").click()
    page.get_by_text("Отправка разблокирована").wait_for()
    assert_clean(page)
