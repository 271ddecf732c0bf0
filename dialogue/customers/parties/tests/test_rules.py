"""Rules of names and contact points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.customers.parties.rules import normal_contact, person_name, printed_phone
from dialogue.kit.errors import Refusal


@pytest.mark.parametrize(
    ("kind", "value", "normal"),
    [
        ("phone", "8 920 123-45-67", "+79201234567"),
        ("phone", "+40 21 234 5678 ext. 12", "+40212345678;ext=12"),
        ("phone", "112", "112"),
        ("email", "Ivan.Petrov@EXAMPLE.org", "ivan.petrov@example.org"),
        ("email", "анна@пример.рф", "анна@xn--e1afmkfd.xn--p1ai"),
        ("site", "https://www.Пример.рф/цены", "xn--e1afmkfd.xn--p1ai"),
        ("telegram", "https://t.me/Ivan_D", "ivan_d"),
    ],
)
def test_contact_gets_its_normal_form(kind: str, value: str, normal: str) -> None:
    assert normal_contact(kind, value, "RU") == normal


@pytest.mark.parametrize(
    ("kind", "value"), [("phone", "ab"), ("email", "a@b"), ("email", "a b@c.org"), ("site", "?"), ("telegram", "a b")]
)
def test_wrong_contact_is_refused(kind: str, value: str) -> None:
    with pytest.raises(Refusal):
        normal_contact(kind, value, "RU")


@given(st.sampled_from(["phone", "email", "site", "telegram", "other"]), st.text(max_size=60))
def test_any_text_is_normal_or_refused_and_normal_stays(kind: str, value: str) -> None:
    try:
        normal = normal_contact(kind, value, "RO")
    except Refusal:
        return
    assert normal_contact(kind, normal, "RO") == normal


def test_name_follows_the_language() -> None:
    assert person_name("Дуликов", "Иван", "Петрович", "ru") == "Дуликов Иван Петрович"
    assert person_name("Popescu", "Ion", "", "ro") == "Ion Popescu"


def test_phone_is_printed_for_reading() -> None:
    assert printed_phone("+79201234567") == "+7 920 123-45-67"
