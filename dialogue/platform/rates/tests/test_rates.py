"""Rates: entered, loaded, converted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.rates.actions import load_rates, set_rate
from dialogue.platform.rates.banks import read_published
from dialogue.platform.rates.converting import convert
from dialogue.platform.rates.errors import RateMissing
from dialogue.platform.rates.models import Rate
from tests.cast import Cast, make_cast

DAY = date(2026, 3, 5)
RUSSIA = """<?xml version="1.0" encoding="windows-1251"?><ValCurs Date="05.03.2026" name="Foreign Currency Market">
<Valute ID="R01235"><CharCode>USD</CharCode><Nominal>1</Nominal><Name>Доллар США</Name><Value>90,3412</Value></Valute>
<Valute ID="R01335"><CharCode>KZT</CharCode><Nominal>100</Nominal><Name>Тенге</Name><Value>18,1000</Value></Valute>
</ValCurs>""".encode("cp1251")
UKRAINE = '[{"r030":978,"txt":"Євро","rate":45.1234,"cc":"EUR","exchangedate":"05.03.2026"}]'.encode()
ROMANIA = b"""<?xml version="1.0" encoding="utf-8"?><DataSet xmlns="http://www.bnr.ro/xsd"><Header>
<PublishingDate>2026-03-05</PublishingDate></Header><Body><Cube date="2026-03-05"><Rate currency="EUR">4.9772</Rate>
<Rate currency="HUF" multiplier="100">1.2570</Rate></Cube></Body></DataSet>"""
EUROPE = b"""<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube><Cube time="2026-03-05"><Cube currency="USD" rate="1.0872"/>
</Cube></Cube></gesmes:Envelope>"""


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


def rate(cast: Cast, currency: str, quote: str, on: date, value: str) -> Rate:
    return set_rate(currency, quote, on, Decimal(value), by=cast.actor(cast.owner))


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (RUSSIA, [("USD", "RUB", "90.3412", "cbr"), ("KZT", "RUB", "0.181", "cbr")]),
        (UKRAINE, [("EUR", "UAH", "45.1234", "nbu")]),
        (ROMANIA, [("EUR", "RON", "4.9772", "bnr"), ("HUF", "RON", "0.01257", "bnr")]),
        (EUROPE, [("EUR", "USD", "1.0872", "ecb")]),
    ],
    ids=["russia", "ukraine", "romania", "europe"],
)
def test_bank_file_is_read(content: bytes, wanted: list[tuple[str, str, str, str]]) -> None:
    found = read_published(content)
    assert [(one.currency, one.quote, str(one.value.normalize()), one.source) for one in found] == wanted
    assert {one.on for one in found} == {DAY}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"<a/>", b"[1]", b"\xff\xfe", b'<!DOCTYPE a [<!ENTITY b "c">]><ValCurs/>', b"{"]
)
def test_other_file_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal):
        read_published(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    try:
        assert read_published(content)
    except Refusal:
        pass


def test_newest_earlier_rate_converts(cast: Cast) -> None:
    rate(cast, "USD", "RUB", date(2026, 3, 1), "80")
    rate(cast, "USD", "RUB", DAY, "90")
    assert convert(Decimal(10), "USD", "RUB", date(2026, 3, 4)).amount == Decimal("800.0000")
    later = convert(Decimal(10), "USD", "RUB", date(2026, 4, 1))
    assert (later.amount, later.on, later.source) == (Decimal("900.0000"), DAY, "hand")


def test_inverse_and_crossed_rates_convert(cast: Cast) -> None:
    rate(cast, "USD", "RUB", DAY, "80")
    rate(cast, "EUR", "RUB", date(2026, 3, 1), "100")
    assert convert(Decimal(80), "RUB", "USD", DAY).amount == Decimal(1)
    crossed = convert(Decimal(4), "EUR", "USD", DAY)
    assert (crossed.amount, crossed.on) == (Decimal(5), date(2026, 3, 1))


def test_missing_rate_is_refused_by_name(cast: Cast) -> None:
    rate(cast, "USD", "RUB", DAY, "80")
    with pytest.raises(RateMissing, match="EUR"):
        convert(Decimal(1), "EUR", "RUB", DAY)
    with pytest.raises(RateMissing):
        convert(Decimal(1), "USD", "RUB", date(2026, 3, 4))


def test_loading_again_replaces_but_keeps_what_was_entered(cast: Cast) -> None:
    rate(cast, "USD", "RUB", DAY, "1")
    by = cast.actor(cast.owner)
    assert load_rates(RUSSIA, by=by) == 1
    assert load_rates(RUSSIA, by=by) == 1
    assert Rate.objects.count() == 2
    assert Rate.objects.get(currency="USD").value == 1


@pytest.mark.parametrize(
    ("currency", "quote", "value"), [("XXZ", "RUB", "1"), ("USD", "USD", "1"), ("USD", "RUB", "0"), ("USD", "RUB", "NaN")]
)
def test_wrong_rate_is_refused(cast: Cast, currency: str, quote: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        rate(cast, currency, quote, DAY, value)


def test_seller_may_not_enter_rates(cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        set_rate("USD", "RUB", DAY, Decimal(1), by=cast.actor(cast.seller))


@pytest.mark.django_db
def test_page_takes_a_rate_and_names_wrong_fields() -> None:
    made = make_cast()
    client = Client()
    client.force_login(made.owner)
    good = {"currency": "eur", "quote": "RUB", "on": "2026-03-05", "value": "98,5"}
    assert client.post("/c/romashka/settings/rates/", good).status_code == 302
    wrong = client.post("/c/romashka/settings/rates/", good | {"currency": "E", "value": "much"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count('class="wrong"') == 2
    with transaction.atomic(), tenant_scope(made.company.pk):
        assert [str(one.value.normalize()) for one in Rate.objects.all()] == ["98.5"]
    assert "98,5" in client.get("/c/romashka/settings/rates/").content.decode()
