"""Coupons through the doors: made, issued, used with a purchase by page, API and import; what counts and what does not."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.actions import create_source
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.actions import record_touch
from dialogue.customers.timeline.models import Entry
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import make_key
from dialogue.selling.promotions.actions import (
    SeriesDraft,
    close_series,
    create_series,
    issue_codes,
    issue_coupons,
    issue_to_people,
)
from dialogue.selling.promotions.models import Coupon, Series, Use
from dialogue.selling.promotions.rules import ALPHABET, Terms, Verdict, fresh_code, judge
from dialogue.selling.purchases.actions import record_purchase
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.rules import coupon_code
from tests.cast import Cast, a_person, make_cast

BASE = "/c/romashka"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def ivan(cast: Cast) -> Party:
    return a_person(cast, "Иван Дуликов")


@pytest.fixture
def owner(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.owner)
    return client


@pytest.fixture
def campaign(cast: Cast) -> Source:
    with tenant_scope(cast.company.pk):
        return create_source(name="Весна", by=cast.actor(cast.owner))


def a_series(cast: Cast, name: str = "Весна −10 %", **fields: Any) -> Series:
    with tenant_scope(cast.company.pk):
        return create_series(SeriesDraft(name=name, **fields), by=cast.actor(cast.owner))


def bought(cast: Cast, code: str, party: Party | None = None, *, at: datetime | None = None, price: int = 1000) -> Purchase:
    with tenant_scope(cast.company.pk):
        lines = [("", "Чай", Decimal(1), Decimal(price))]
        return record_purchase(lines=lines, party=party, coupon=code, at=at, by=cast.actor(cast.owner))


def verdicts(cast: Cast) -> list[str]:
    with tenant_scope(cast.company.pk):
        return [use.verdict for use in Use.objects.order_by("id")]


def test_personal_coupon_counts_once_and_answers_its_campaign(cast: Cast, ivan: Party, campaign: Source) -> None:
    olga = a_person(cast, "Ольга")
    series = a_series(cast, source=campaign.pk, prefix="vesna")
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        touch = record_touch(ivan, kind="message", source=campaign.pk, by=by)
        codes = issue_coupons(series, [ivan.pk, olga.pk, 999_999], by=by)
        assert set(codes) == {ivan.pk, olga.pk}
        assert issue_coupons(series, [ivan.pk, olga.pk], by=by) == codes
        code = codes[ivan.pk]
    assert code.startswith("VESNA")
    assert len(set(code[5:])) > 1
    first = bought(cast, f" {code[:5].lower()}-{code[5:]} ", ivan)
    bought(cast, code, ivan)
    with tenant_scope(cast.company.pk):
        answer = Entry.objects.get(kind="coupon_used")
        assert (answer.party_id, answer.source, answer.touch, answer.ref_id) == (ivan.pk, campaign.pk, touch.pk, first.pk)
    assert verdicts(cast) == ["counts", "used"]


def test_people_of_a_statement_get_their_codes_by_one_statement(cast: Cast) -> None:
    people = [a_person(cast, f"Ion {number}").pk for number in range(5)]
    wanted = f"SELECT id FROM {Party._meta.db_table} WHERE tenant_id = %s UNION SELECT 0"
    with transaction.atomic(), tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        series = create_series(SeriesDraft(name="Autumn", prefix="AUT"), by=by)
        kept = issue_coupons(series, people[:2], by=by)
        with CaptureQueriesContext(connection) as asked:
            assert issue_to_people(series, wanted, [cast.company.pk], by=by) == 3
        assert sum(f"INTO {Coupon._meta.db_table}" in one["sql"] for one in asked) == 1
        found = dict(Coupon.objects.filter(series=series).values_list("party_id", "code"))
        assert sorted(found) == people
        assert {pk: found[pk] for pk in kept} == kept
        assert issue_to_people(series, wanted, [cast.company.pk], by=by) == 0


def test_personal_coupon_tells_who_bought_without_a_name(cast: Cast, ivan: Party, campaign: Source) -> None:
    series = a_series(cast, source=campaign.pk)
    with tenant_scope(cast.company.pk):
        code = issue_coupons(series, [ivan.pk], by=cast.actor(cast.owner))[ivan.pk]
    bought(cast, code)
    with tenant_scope(cast.company.pk):
        assert Use.objects.get().party_id == ivan.pk
        assert Entry.objects.responses().get().party_id == ivan.pk


def test_shared_code_counts_within_its_days_and_limits(cast: Cast, ivan: Party) -> None:
    olga, petr = a_person(cast, "Ольга"), a_person(cast, "Пётр")
    series = a_series(cast, code="Spring-10", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), limit=2)
    for day, party in ((1, ivan), (2, ivan), (3, olga), (4, petr)):
        bought(cast, "SPRING10", party, at=datetime(2026, 3, day, 12, tzinfo=UTC))
    bought(cast, "SPRING10", petr, at=datetime(2026, 2, 27, tzinfo=UTC))
    # The last day is a day of the company's zone.
    bought(cast, "SPRING10", petr, at=datetime(2026, 4, 2, tzinfo=UTC))
    bought(cast, "SPRIN", petr)
    assert verdicts(cast) == ["counts", "used", "counts", "spent", "early", "late", "unknown"]
    with tenant_scope(cast.company.pk):
        assert Series.objects.get() == series
        assert Entry.objects.filter(kind="coupon_used").count() == 2
    other = a_series(cast, "Лето", code="LETO")
    with tenant_scope(cast.company.pk):
        close_series(other, by=cast.actor(cast.owner))
    bought(cast, "leto", petr)
    assert verdicts(cast)[-1] == "closed"


def test_wrong_coupons_are_refused_in_words(cast: Cast) -> None:
    series = a_series(cast, code="ONE")
    wrong = (
        {"name": " "},
        {"code": "я!"},
        {"prefix": "a" * 13},
        {"source": 99_999},
        {"starts_on": date(2026, 2, 2), "ends_on": date(2026, 2, 1)},
        {"code": "NEW", "limit": 0},
    )
    for fields in wrong:
        with pytest.raises(InvalidInput):
            a_series(cast, **({"name": "x"} | fields))
    for fields in ({"name": "Весна −10 %"}, {"name": "y", "code": "o-n-e"}):
        with pytest.raises(Conflict):
            a_series(cast, **fields)
    with tenant_scope(cast.company.pk), pytest.raises(Conflict):
        issue_codes(series, 5, by=cast.actor(cast.owner))
    with pytest.raises(InvalidInput):
        bought(cast, "x" * 41)


def test_pages_make_issue_and_show_coupons(cast: Cast, ivan: Party, owner: Client, campaign: Source) -> None:
    form = {"name": "Весна", "kind": "each", "prefix": "V", "source": campaign.pk, "once_each": "on", "ends_on": "2027-03-31"}
    for wrong in ({"name": ""}, {"kind": "one"}, {"ends_on": "завтра"}, {"limit": "много", "kind": "one", "code": "ABC"}):
        answer = owner.post(f"{BASE}/coupons/new/", form | wrong)
        assert answer.status_code == 422
    made = owner.post(f"{BASE}/coupons/new/", form)
    assert made.status_code == 302
    address = made["Location"]
    assert owner.post(f"{address}issue/", {"count": "25"}).status_code == 302
    assert owner.post(f"{address}issue/", {"count": "0"}, follow=True).status_code == 200
    lines = b"".join(owner.get(f"{address}codes.csv").streaming_content).decode().splitlines()
    assert len(lines) == 26
    code = lines[1].split(",")[0]
    bought(cast, code, ivan, price=12_500)
    shown = owner.get(address).content.decode()
    assert code in shown
    assert "Иван Дуликов" in shown
    listed = owner.get(f"{BASE}/coupons/").content.decode()
    assert "12 500" in listed.replace("\u2009", " ").replace("\u202f", " ").replace("\xa0", " ")
    assert owner.post(f"{address}close/").status_code == 302
    assert owner.post(f"{address}issue/", {"count": "1"}, follow=True).status_code == 200
    with tenant_scope(cast.company.pk):
        assert Coupon.objects.count() == 25
    seller = Client()
    seller.force_login(cast.seller)
    assert seller.get(address).status_code == 200
    assert seller.get(f"{address}codes.csv").status_code == 403
    assert seller.post(f"{BASE}/coupons/new/", form).status_code == 403


def test_till_checks_and_uses_a_code_by_the_api(cast: Cast, ivan: Party) -> None:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        _key, secret = make_key("till", by=cast.actor(cast.owner), scopes=["*"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json")

    series = post("/coupons", {"name": "Весна", "offer": "−10 %"})
    assert series.status_code == 201, series.content
    issued = post(f"/coupons/{series.json()['id']}/issue", {"parties": [ivan.pk]}).json()
    code = issued[0]["code"]
    assert post("/coupons/check", {"code": code}).json()["counts"]
    sold = post("/purchases", {"party": ivan.pk, "coupon": code, "lines": [{"name": "Чай", "price": "100"}]})
    assert sold.status_code == 200, sold.content
    assert sold.json()["coupon"] == code
    assert post("/coupons/check", {"code": code}).json()["verdict"] == "used"
    assert post("/coupons/check", {"code": "no"}).json() == {"counts": False, "verdict": "unknown", "series": None, "offer": ""}
    uses = client.get(f"/api/v1/coupons/{series.json()['id']}/uses").json()["items"]
    assert [(use["verdict"], use["party"]) for use in uses] == [("counts", ivan.pk)]
    assert client.get("/api/v1/coupons").json()["items"][0]["used"] == 1
    assert post(f"/coupons/{series.json()['id']}/close", {}).json()["closed_at"]
    assert post("/purchases", {"source": 99_999, "lines": [{"name": "x", "price": "1"}]}).status_code == 422


def test_ten_thousand_codes_are_made_at_once_and_differ(cast: Cast) -> None:
    series = a_series(cast)
    with tenant_scope(cast.company.pk):
        assert issue_codes(series, 10_000, by=cast.actor(cast.owner)) == 10_000
        assert Coupon.objects.filter(series=series).count() == 10_000


NOW = timezone.now()


@given(
    st.booleans(),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 5)),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(-3, 3),
)
def test_a_code_never_counts_more_often_than_its_terms_allow(
    personal: bool, once: bool, limit: int | None, uses: int, own: int, day: int
) -> None:
    terms = Terms(personal, once, NOW - timedelta(days=1), NOW + timedelta(days=1), None, limit)
    counts = judge(terms, NOW + timedelta(days=day), uses=max(uses, own), own_uses=own) is Verdict.COUNTS
    if counts:
        assert -1 <= day < 1
        assert not (personal and uses)
        assert personal or limit is None or max(uses, own) < limit
        assert personal or not once or not own


@given(st.text(max_size=12))
def test_fresh_codes_are_read_as_they_were_written(prefix: str) -> None:
    code = fresh_code(coupon_code(prefix))
    assert set(code[-8:]) <= set(ALPHABET)
    assert coupon_code(code.lower()) == coupon_code(code)


def test_further_series_and_uses_are_a_page_away(cast: Cast, owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialogue.selling.promotions.views.SHOWN", 2)
    row = a_series(cast, "First", code="FIRST1", once_each=False)
    for number in range(2):
        a_series(cast, f"Other {number}")
    at = timezone.now()
    made = [bought(cast, "FIRST1", at=at - timedelta(minutes=number // 2)) for number in range(5)]
    page = owner.get(f"{BASE}/coupons/").content.decode()
    assert "First" not in page
    further = re.search(r'href="(\?before=[^"]+)"', page)
    assert further is not None
    assert "First" in owner.get(f"{BASE}/coupons/{further[1]}").content.decode()
    seen: list[str] = []
    address = f"{BASE}/coupons/{row.pk}/"
    for _page in range(3):
        text = owner.get(address).content.decode()
        seen += re.findall(r"№ (\d+)", text)
        found = re.search(r'href="(\?before=[^"]+)"', text)
        address = f"{BASE}/coupons/{row.pk}/{unescape(found[1])}" if found else address
    assert sorted(map(int, seen)) == sorted(one.pk for one in made)
    assert owner.get(f"{BASE}/coupons/{row.pk}/?before=nonsense").status_code == 200
