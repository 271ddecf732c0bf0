"""Numbers and sums of money as people write them: "1 520 000 руб.", "1.520.000,50", "(12)", "25 %"."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from math import isnan
from typing import Any

from dialogue.kit.frozen import frozen
from dialogue.platform.imports.reading.reasons import Reason, because, is_missing

SPACES = re.compile(r"[\s\u00a0\u202f\u2009\u2007'’`_]+")
SIGNED = re.compile(r"^[-+\u2212\u2013]?[\d.,]+$")
MOST = Decimal(10) ** 15
# What stands beside an amount, lower case, dots and spaces gone, to its currency.
WORDS = {
    "руб": "RUB", "рублей": "RUB", "рубля": "RUB", "рубль": "RUB", "р": "RUB", "₽": "RUB", "rub": "RUB", "rur": "RUB",
    "грн": "UAH", "гривень": "UAH", "гривен": "UAH", "гривні": "UAH", "₴": "UAH", "uah": "UAH",
    "lei": "RON", "leu": "RON", "лей": "MDL", "леев": "MDL", "ron": "RON", "mdl": "MDL",
    "$": "USD", "usd": "USD", "us$": "USD", "долл": "USD", "долларов": "USD", "€": "EUR", "eur": "EUR", "евро": "EUR", "євро": "EUR", "euro": "EUR",
    "£": "GBP", "gbp": "GBP", "byn": "BYN", "kzt": "KZT", "₸": "KZT", "тенге": "KZT", "тг": "KZT", "zł": "PLN", "pln": "PLN", "chf": "CHF",
}  # fmt: skip
# "lei" and "руб." are the word of more than one country: the company's own currency decides.
SHARED = {
    "lei": {"MDL", "RON"},
    "leu": {"MDL", "RON"},
    "лей": {"MDL", "RON"},
    "руб": {"BYN", "RUB"},
    "р": {"BYN", "RUB"},
    "рублей": {"BYN", "RUB"},
}
SCALES = {"тыс": 3, "млн": 6, "mln": 6, "mil": 6, "mii": 3, "k": 3}


@frozen
class Amount:
    """A number with the currency that stood beside it, if any."""

    value: Decimal
    currency: str = ""


class Unclear(Exception):
    """The text can be read in two ways; both are named."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one)
        self.one = one
        self.other = other


def strip_words(text: str, own: str = "") -> tuple[str, str, int] | None:
    """Return (digits and signs, currency, power of ten), or None where other words stand in the text."""
    body = SPACES.sub("", text)
    if SIGNED.match(body):
        return body, "", 0
    negative = body.startswith("(") and body.endswith(")")
    body = body[1:-1] if negative else body
    match = re.match(
        r"^(?P<sign>[-+\u2212\u2013]?)(?P<before>[^\d.,+\-\u2212]*)(?P<sign2>[-+\u2212\u2013]?)(?P<digits>[\d.,]*\d)(?P<after>.*)$",
        body,
    )
    if match is None or (match["sign"] and match["sign2"]):
        return None
    currency, power = "", 0
    for words in (match["before"], match["after"]):
        rest = words.lower().strip(".,-")
        for scale, exponent in SCALES.items():
            if rest.startswith(scale) and (rest[len(scale) :].strip(".") in WORDS or rest == scale):
                power, rest = exponent, rest[len(scale) :].strip(".")
        if not rest:
            continue
        if rest not in WORDS or currency:
            return None
        currency = own if own in SHARED.get(rest, ()) else WORDS[rest]
    minus = negative or (match["sign"] or match["sign2"]) in {"-", "\u2212", "\u2013"}
    return ("-" if minus else "") + match["digits"], currency, power


def decimal_sign_of(text: str) -> str:
    """Return the sign that must separate decimals in this text, "" where it does not tell."""
    stripped = strip_words(text)
    if stripped is None:
        return ""
    digits = stripped[0].lstrip("+-\u2212\u2013")
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    sign = "." if dots else "," if commas else ""
    if not sign:
        return ""
    if digits.count(sign) > 1:
        return "," if sign == "." else "."
    before, _sign, after = digits.partition(sign)
    if len(after) != 3 or len(before) > 3 or before in {"", "0"} or before.startswith("0"):
        return sign
    return ""


def read_amount(text: str, *, decimal_sign: str = "", own: str = "") -> Amount | None:
    """Return the number in the text, None where it is none.

    `decimal_sign` is what the column uses ("." or ","), "" while unknown; `own` is the company's currency.

    Raises:
        Unclear: "1.520" while the column's sign is unknown.
    """
    stripped = strip_words(text, own)
    if stripped is None:
        return None
    body, currency, power = stripped
    minus = body[:1] in {"-", "\u2212", "\u2013"}
    digits = body.lstrip("+-\u2212\u2013")
    sign = decimal_sign_of(digits) or decimal_sign
    if not sign and ("." in digits or "," in digits):
        whole = re.sub(r"[.,]", "", digits)
        raise Unclear(whole, digits.replace(",", "."))
    grouping = "," if sign == "." else "."
    if sign and not _grouped_well(digits.split(sign)[0], grouping):
        return None
    try:
        value = Decimal(digits.replace(grouping, "").replace(sign, ".") if sign else digits)
    except InvalidOperation:
        return None
    value = value.scaleb(power)
    return Amount(-value if minus else value, currency)


def _grouped_well(whole: str, grouping: str) -> bool:
    groups = whole.split(grouping)
    return len(groups) == 1 or (0 < len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))


def clean_number(cell: Any, *, column: str, decimal_sign: str = "", own: str = "", places: int = 4) -> Amount | Reason | None:
    """Return the amount of a cell, None for an empty one, or the reason why it is none."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, (bool,)):
        return because("number-none", column=column, value=str(cell))
    if isinstance(cell, (int, float, Decimal)):
        if isinstance(cell, float) and isnan(cell):
            return None
        value = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
        if not value.is_finite():
            return because("number-none", column=column, value=str(cell))
        # What a spreadsheet computed carries the dust of binary fractions.
        amount = Amount(round(value, places) if isinstance(cell, float) else value)
    else:
        text = str(cell).strip()
        if not text:
            return None
        try:
            read = read_amount(text, decimal_sign=decimal_sign, own=own)
        except Unclear as unclear:
            return because("number-unsure", column=column, value=text, one=unclear.one, other=unclear.other)
        if read is None:
            return because("number-missing" if is_missing(text) else "number-none", column=column, value=text)
        amount = read
    if abs(amount.value) >= MOST:
        return because("number-large", column=column, value=str(cell))
    if amount.value != round(amount.value, places):
        return because("number-places", column=column, value=str(cell), places=places)
    return amount
