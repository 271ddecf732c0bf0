"""Telephone numbers as people type a part of them."""

from __future__ import annotations

import re

FEWEST_TO_STRIP = 7
# "8 920…", "8(920)…", "0-21…": the digit before a gap is national dialling, not a part of the number.
NATIONAL = re.compile(r"^\s*[80][\s(.-]")


def phone_part(text: str) -> str:
    """Return the digits of a part of a number as the international form holds them, or the text where it has none.

    The 8 (Russia) or 0 (Ukraine, Romania, Moldova) of national dialling is left out; a short part stays as typed.
    """
    digits = "".join(letter for letter in text if letter.isdecimal())
    if "+" in text:
        return digits or text
    if NATIONAL.match(text) and len(digits) > 1:
        return digits[1:]
    if len(digits) < FEWEST_TO_STRIP:
        return digits or text
    return (digits[1:] if digits[0] == "8" and len(digits) == 11 else digits.lstrip("0")) or text


def looks_like_phone(text: str) -> bool:
    """Return whether the text is a part of a telephone number and nothing else."""
    return sum(letter.isdecimal() for letter in text) >= 3 and all(letter.isdecimal() or letter in " +-()." for letter in text)
