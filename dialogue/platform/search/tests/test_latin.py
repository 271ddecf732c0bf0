"""Letters and trigrams as search writes and asks them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.platform.search.latin import gram_numbers, grams, in_latin


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Дуликов", "dulikov"),
        ("Юлия Щербакова", "Yulia Shcherbakova"),
        ("Хасан Ёлкин", "hasan elkin"),
        ("Їжакевич Ґанна", "izhakevich ganna"),
        ("Ștefan Țurcanu", "ştefan ţurcanu"),
        ("Мар’яна Соль", "мар'яна сол"),
        ("Jürgen Wölfe", "jurgen volfe"),
    ],
)
def test_spellings_of_one_name_are_one_word(written: str, asked: str) -> None:
    assert in_latin(written) == in_latin(asked)


@given(st.text(max_size=40), st.text(max_size=40))
def test_folding_knows_no_context_but_its_two_pairs(first: str, second: str) -> None:
    # A part of a word is found because the whole is written letter by letter.
    assert in_latin(first + " " + second) == in_latin(first) + " " + in_latin(second)


@given(st.text(alphabet="абвгдежзиклмнопрст abcdefgh.@-0123456789", max_size=60))
def test_whoever_holds_a_part_of_a_word_holds_its_grams(text: str) -> None:
    found = in_latin(text)
    held = {int(number) for number in grams(7, found).strip("{}").split(",") if number}
    for word in found.split():
        for at in range(len(word)):
            assert set(gram_numbers(7, word[at : at + 5])) <= held


def test_companies_share_no_grams() -> None:
    assert not set(gram_numbers(1, "dulikov")) & set(gram_numbers(2, "dulikov"))
