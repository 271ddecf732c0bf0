"""Numbers and dates as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.platform.imports.reading.dates import clean_day, clean_moment, order_of
from dialogue.platform.imports.reading.numbers import Amount, clean_number, decimal_sign_of
from dialogue.platform.imports.reading.reasons import Reason


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1 520 000 руб.", "1520000", "RUB"),
        ("1\u00a0520\u202f000,50 ₽", "1520000.50", "RUB"),
        ("1.520.000,50", "1520000.50", ""),
        ("1,520,000.50", "1520000.50", ""),
        ("$1,200.5", "1200.5", "USD"),
        ("€ 12,5", "12.5", "EUR"),
        ("(15,00) грн", None, None),
        ("(15,00)", "-15.00", ""),
        ("-15,00 грн.", "-15.00", "UAH"),
        ("\u2212 7", "-7", ""),
        ("0,125", "0.125", ""),
        ("12 тыс. руб.", "12000", "RUB"),
        ("1'000'000", "1000000", ""),
        (".5", "0.5", ""),
        ("100 lei", "100", "RON"),
    ],
)
def test_amount_is_understood(text: str, value: str | None, currency: str | None) -> None:
    read = clean_number(text, column="Бюджет")
    if value is None:
        assert isinstance(read, Reason)
    else:
        assert read == Amount(Decimal(value), currency or "")


def test_lei_are_the_companys_own() -> None:
    assert clean_number("100 lei", column="Suma", own="MDL") == Amount(Decimal(100), "MDL")


@pytest.mark.parametrize("text", ["NA", "n/a", "много", "12 шт", "1.2.3,4,5", "1,23,456.7", "--5", "12-13", "1e5", "=1+1"])
def test_what_is_no_number_is_refused_by_column(text: str) -> None:
    read = clean_number(text, column="Бюджет")
    assert isinstance(read, Reason)
    assert "Бюджет" in str(read)
    assert text in str(read)


def test_number_that_may_be_two_is_refused_until_the_column_tells() -> None:
    unsure = clean_number("1.520", column="c")
    assert isinstance(unsure, Reason)
    assert unsure.code == "number-unsure"
    assert clean_number("1.520", column="c", decimal_sign=",") == Amount(Decimal(1520))
    assert clean_number("1.520", column="c", decimal_sign=".") == Amount(Decimal("1.520"))


def test_large_and_too_fine_numbers_are_refused() -> None:
    assert clean_number("1000000000000000", column="c").code == "number-large"
    assert clean_number("0.00001", column="c").code == "number-places"
    assert clean_number(float("inf"), column="c").code == "number-none"
    assert clean_number(float("nan"), column="c") is None
    assert clean_number(0.1 + 0.2, column="c") == Amount(Decimal("0.3000"))


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from(["ru", "en", "ro"]))
def test_printed_number_is_read_back(value: Decimal, language: str) -> None:
    from babel.numbers import format_decimal

    text = format_decimal(value, format="#,##0.00", locale=language)
    sign = "." if language == "en" else ","
    assert clean_number(text, column="c", decimal_sign=sign) == Amount(value)
    assert decimal_sign_of(text) == sign


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    read = clean_number(text, column="c")
    assert read is None or isinstance(read, (Amount, Reason))


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2016-12-31", "", "2016-12-31"),
        ("31.12.2016", "", "2016-12-31"),
        ("01.02.2016", "mdy", "2016-02-01"),
        ("31.12.16 г.", "", "2016-12-31"),
        ("31 декабря 2016 г.", "", "2016-12-31"),
        ("5 трав. 2016", "", "2016-05-05"),
        ("5 mai 2016", "", "2016-05-05"),
        ("31/12/2016", "", "2016-12-31"),
        ("12/31/2016", "", "2016-12-31"),
        ("01/02/2016", "dmy", "2016-02-01"),
        ("01/02/2016", "mdy", "2016-01-02"),
        ("20161231", "", "2016-12-31"),
        ("2016-12-31 10:00:00", "", "2016-12-31"),
    ],
)
def test_day_is_understood(text: str, order: str, day: str) -> None:
    assert clean_day(text, column="c", order=order) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("text", "order", "code"),
    [
        ("NA", "", "date-missing"),
        ("31.02.2016", "", "date-none"),
        ("31/12/2016", "mdy", "date-order"),
        ("12/31/2016", "dmy", "date-order"),
        ("01/02/2016", "", "date-unsure"),
        ("32/13/2016", "", "date-none"),
    ],
)
def test_doubtful_day_is_refused_by_row_and_column(text: str, order: str, code: str) -> None:
    read = clean_day(text, column="Дата", order=order, proof=7)
    assert isinstance(read, Reason)
    assert read.code == code
    assert text in str(read)


def test_moment_is_in_utc() -> None:
    zone = ZoneInfo("Europe/Moscow")
    assert clean_moment("31.12.2016 10:30", column="c", zone=zone) == datetime(2016, 12, 31, 7, 30, tzinfo=UTC)
    assert clean_moment("2011-08-12 14:50:00", column="c", zone=UTC) == datetime(2011, 8, 12, 14, 50, tzinfo=UTC)
    assert clean_moment("12/1/10 8:26 PM", column="c", order="mdy") == datetime(2010, 12, 1, 20, 26, tzinfo=UTC)
    assert clean_moment("2016-12-31T10:30:00+03:00", column="c") == datetime(2016, 12, 31, 7, 30, tzinfo=UTC)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2900, 1, 1)), st.sampled_from(["%d.%m.%Y", "%Y-%m-%d"]))
def test_printed_day_is_read_back(day: date, form: str) -> None:
    assert clean_day(day.strftime(form), column="c") == day


@given(st.text(max_size=25))
def test_any_text_is_a_day_or_refused(text: str) -> None:
    assert isinstance(clean_moment(text, column="c"), (datetime, Reason, type(None)))
    assert order_of(text) in {"", "dmy", "mdy"}
