"""Alphabets and infix search that the database itself does not bring."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.django_db


def ask(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("ru", "еж елка Ёж ёлка жаба Жук"),
        ("ru", "Абрам авель Ёлкин Жуков Щукин ьвы эхо Юг яр"),
        ("uk", "гак ґанок"),
        ("uk", "ера єва"),
        ("uk", "ирій іван їжак йод"),
        ("uk", "Гнат ґудзь Дмитро"),
        ("ro", "ac ăla"),
        ("ro", "inel în"),
        ("ro", "sat șarpe"),
        ("ro", "tun țară"),
        ("ro", "Ana azi ăst âlea bun Şarpe Tudor ţap"),
        ("en", "Eaton Étienne Evans Ștefan Tudor"),
    ],
)
def test_sort_key_follows_the_alphabet(locale: str, words: str) -> None:
    wanted = words.split()
    statement = 'SELECT array_agg(word ORDER BY sort_key(word, %s) COLLATE "C") FROM unnest(%s::text[]) AS word'
    assert ask(statement, locale, sorted(wanted, reverse=True)) == wanted


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("артем", "Артём Дёмин"),
        ("ОМАШК", "ООО «Ромашка»"),
        ("stefan", "Ștefan cel Mare"),
        ("şarpe", "Șarpe"),
        ("о'р", "О’Рейли"),
        ("520 000", "1\u00a0520\u202f000 руб."),
    ],
)
def test_search_finds_a_part_as_people_type_it(part: str, text: str) -> None:
    assert ask("SELECT search_grams(7, %s) @> search_grams(7, %s)", text, part)
    assert ask("SELECT search_fold(%s) LIKE '%%' || search_fold(%s) || '%%'", text, part)


def test_grams_of_another_company_have_nothing_in_common() -> None:
    assert not ask("SELECT search_grams(1, %s) && search_grams(2, %s)", "Ромашка", "Ромашка")


@pytest.mark.parametrize("value", [None, "", "аб"])
def test_grams_of_a_short_text_are_empty(value: str | None) -> None:
    assert ask("SELECT search_grams(1, %s)", value) == []


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=40), st.data())
def test_every_part_is_found(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text)))
    part = text[begin : begin + data.draw(st.integers(0, 8))]
    assert ask("SELECT search_grams(1, %s) @> search_grams(1, %s)", text, part)
