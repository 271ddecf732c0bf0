"""Who may make a company, and what he is told when he may not or mistypes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from dialogue.kit.scope import without_tenant
from dialogue.platform.accounts.models import User
from dialogue.platform.tenants.models import Tenant
from tests.cast import make_cast

FORM = {"name": "Лютик", "login": "lutik", "language": "ru", "country": "RU", "currency": "RUB", "time_zone": "Europe/Moscow"}


def currencies() -> list[str]:
    with transaction.atomic(), without_tenant("the test looks for the company that was made"):
        return list(Tenant.objects.filter(name="Лютик").values_list("currency", flat=True))


@pytest.mark.django_db
def test_operator_makes_a_company_and_is_led_in() -> None:
    operator = User.objects.create_user("operator@example.org", name="Op", is_operator=True)
    client = Client()
    client.force_login(operator)
    assert "/companies/new/" in client.get("/companies/").content.decode()
    made = client.post("/companies/new/", FORM)
    assert made["Location"] == "/c/lutik/"
    assert client.get("/c/lutik/").status_code == 200
    assert currencies() == ["RUB"]


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"login": "лютик"}, {"login": "romashka"}, {"name": " "}, {"time_zone": "Moon/Base"}])
def test_wrong_company_is_refused_beside_its_field(wrong: dict[str, str]) -> None:
    make_cast()
    client = Client()
    client.force_login(User.objects.create_user("operator@example.org", name="Op", is_operator=True))
    answer = client.post("/companies/new/", FORM | wrong)
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.content.decode()
    assert not currencies()


@pytest.mark.django_db
def test_registration_is_shut_unless_opened(settings: Any) -> None:
    cast = make_cast()
    client = Client()
    assert client.get("/companies/new/").status_code == 404
    client.force_login(cast.seller)
    assert client.post("/companies/new/", FORM).status_code == 404
    settings.OPEN_REGISTRATION = True
    assert client.post("/companies/new/", FORM).status_code == 302
