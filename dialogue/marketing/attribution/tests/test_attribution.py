"""What brought a purchase or a deal: each turn of the rule, its windows, its words, and that all ways of counting agree."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.models import Delivery, State
from dialogue.customers.channels.returns import note_return
from dialogue.customers.channels.tests.stage import worked, wrote
from dialogue.customers.parties.models import Party
from dialogue.customers.sources.actions import create_source
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.actions import record_response, record_touch
from dialogue.customers.timeline.models import Entry
from dialogue.kit.errors import InvalidInput
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.attribution.actions import change_windows, count_anew, follow_late_answers
from dialogue.marketing.attribution.figures import brought_by
from dialogue.marketing.attribution.models import Attribution
from dialogue.platform.accounts.actions import make_key
from dialogue.selling.deals.actions import change_deal
from dialogue.selling.promotions.actions import SeriesDraft, create_series, issue_coupons
from dialogue.selling.purchases.actions import record_purchase
from dialogue.selling.purchases.models import Purchase
from tests.cast import Cast, a_deal, a_person, make_cast

BASE = "/c/romashka"
NOW = timezone.now()


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def ivan(cast: Cast) -> Party:
    return a_person(cast, "Иван Дуликов", email="dulikov@avtoprom.example.org")


@pytest.fixture
def spring(cast: Cast) -> Source:
    with tenant_scope(cast.company.pk):
        return create_source(name="Весна", by=cast.actor(cast.owner))


@pytest.fixture
def summer(cast: Cast) -> Source:
    with tenant_scope(cast.company.pk):
        return create_source(name="Лето", by=cast.actor(cast.owner))


def said(cast: Cast, party: Party, days: float, source: Source | None = None, **fields: Any) -> Entry:
    with tenant_scope(cast.company.pk):
        given = {"kind": "message", "subject": "Скидки"} | fields
        return record_touch(party, at=ago(days), source=source.pk if source else None, by=cast.actor(cast.owner), **given)


def answered(cast: Cast, party: Party, days: float, touch: Entry | None = None, **fields: Any) -> Entry:
    with tenant_scope(cast.company.pk):
        return record_response(party, at=ago(days), touch=touch, by=cast.actor(cast.owner), **({"kind": "reply"} | fields))


def bought(cast: Cast, party: Party | None, days: float = 0, **fields: Any) -> Purchase:
    with tenant_scope(cast.company.pk):
        lines = [("", "Чай", Decimal(1), Decimal(1000))]
        return record_purchase(lines=lines, party=party, at=ago(days), by=cast.actor(cast.owner), **fields)


def of(cast: Cast, row: Any) -> Attribution | None:
    with tenant_scope(cast.company.pk):
        return Attribution.objects.filter(what=row._meta.model_name, ref=row.pk).first()


def rule_of(cast: Cast, row: Any) -> tuple[str, int | None] | None:
    found = of(cast, row)
    return (found.rule, found.source) if found else None


def test_each_turn_of_the_rule_comes_before_the_next(cast: Cast, ivan: Party, spring: Source, summer: Source) -> None:
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        series = create_series(SeriesDraft(name="x", source=spring.pk), by=by)
        code = issue_coupons(series, [ivan.pk], by=by)[ivan.pk]
    assert rule_of(cast, bought(cast, ivan, 20)) is None
    said(cast, ivan, 10, summer)
    assert rule_of(cast, bought(cast, ivan, 9)) == ("delivered", summer.pk)
    touch = said(cast, ivan, 8, spring)
    answered(cast, ivan, 7, touch)
    said(cast, ivan, 6, summer)
    assert rule_of(cast, bought(cast, ivan, 5)) == ("deed", spring.pk)
    named = bought(cast, ivan, 4, source=summer.pk)
    assert rule_of(cast, named) == ("named", summer.pk)
    came = bought(cast, ivan, 3, coupon=code, source=summer.pk)
    assert rule_of(cast, came) == ("coupon", spring.pk)
    assert rule_of(cast, bought(cast, ivan, 2, coupon=code)) == ("deed", spring.pk)
    assert rule_of(cast, bought(cast, None, 1)) is None


def test_windows_and_what_is_no_deed(cast: Cast, ivan: Party, spring: Source) -> None:
    touch = said(cast, ivan, 100, spring)
    answered(cast, ivan, 99, touch, kind="complaint")
    assert rule_of(cast, bought(cast, ivan, 93.5)) == ("delivered", spring.pk)
    assert rule_of(cast, bought(cast, ivan, 92)) is None
    answered(cast, ivan, 90, touch)
    assert rule_of(cast, bought(cast, ivan, 90.5)) is None
    found = of(cast, bought(cast, ivan, 61))
    assert found
    assert (found.rule, found.days, found.within, found.touch) == ("deed", 29, 30, touch.pk)
    assert rule_of(cast, bought(cast, ivan, 59)) is None
    said(cast, ivan, 50, spring, kind="call_missed")
    assert rule_of(cast, bought(cast, ivan, 49)) is None
    answered(cast, ivan, 40, None, kind="came", source=spring.pk)
    assert rule_of(cast, bought(cast, ivan, 39)) == ("deed", spring.pk)


def test_purchase_stands_under_what_it_answers_and_not_under_a_mere_message(cast: Cast, ivan: Party, spring: Source) -> None:
    touch = said(cast, ivan, 3, spring)
    alone = bought(cast, ivan, 2)
    answered(cast, ivan, 1.5, touch)
    under = bought(cast, ivan, 1)
    with tenant_scope(cast.company.pk):
        entries = {one.ref_id: (one.touch, one.source) for one in Entry.objects.filter(kind="bought")}
    assert entries == {alone.pk: (None, None), under.pk: (touch.pk, spring.pk)}


def test_letter_that_did_not_arrive_brought_nothing(cast: Cast, ivan: Party) -> None:
    delivery = wrote(cast, ivan)
    with tenant_scope(cast.company.pk):
        Entry.objects.update(at=ago(1))
    assert rule_of(cast, bought(cast, ivan, 0.5)) is None
    worked(cast)
    arrived = bought(cast, ivan, 0.4)
    assert rule_of(cast, arrived) == ("delivered", None)
    with tenant_scope(cast.company.pk):
        note_return(Delivery.objects.get(pk=delivery.pk), dead=True, status="5.1.1", by=cast.actor(cast.owner))
        assert Delivery.objects.get().state == State.REFUSED
        follow_late_answers(cast.actor(cast.owner))
    assert rule_of(cast, arrived) is None


def test_deal_is_put_down_to_what_came_before_it_began(cast: Cast, ivan: Party, spring: Source) -> None:
    answered(cast, ivan, 2, said(cast, ivan, 3, spring))
    deal = a_deal(cast, contact=ivan.pk, budget=Decimal(5000), currency="RUB")
    assert rule_of(cast, deal) == ("deed", spring.pk)
    olga = a_person(cast, "Ольга")
    with tenant_scope(cast.company.pk):
        change_deal(deal, contact=olga.pk, by=cast.actor(cast.owner))
    assert rule_of(cast, deal) is None
    with tenant_scope(cast.company.pk):
        change_deal(deal, contact=ivan.pk, by=cast.actor(cast.owner))
        (line,) = brought_by([spring.pk])
    assert (line.what, line.rule, line.count, line.amount, line.won) == ("deal", "deed", 1, Decimal(5000), 0)


def everything(cast: Cast) -> list[tuple[Any, ...]]:
    with tenant_scope(cast.company.pk):
        fields = ("what", "ref", "party_id", "source", "touch", "entry", "rule", "days", "within")
        rows = [*Attribution.objects.order_by("what", "ref").values_list(*fields)]
        return [*rows, *Entry.objects.filter(kind="bought").order_by("id").values_list("ref_id", "touch", "source")]


def test_counting_anew_gives_what_was_given_at_once(cast: Cast, ivan: Party, spring: Source, summer: Source) -> None:
    olga = a_person(cast, "Ольга")
    for number in range(12):
        party = (ivan, olga)[number % 2]
        touch = said(cast, party, 60 - 5 * number, (spring, summer)[number % 3 % 2])
        if number % 4 == 1:
            answered(cast, party, 59.5 - 5 * number, touch)
        bought(cast, party, 59 - 5 * number)
    before = everything(cast)
    assert {row[6] for row in before if len(row) > 3} == {"deed", "delivered"}
    with tenant_scope(cast.company.pk):
        Attribution.objects.all().delete()
        Entry.objects.filter(kind="bought").update(touch=None, source=None)
        count_anew(by=cast.actor(cast.owner))
    worked(cast)
    assert everything(cast) == before
    with tenant_scope(cast.company.pk):
        change_windows(attribution_deed_days=1, attribution_delivered_days=0, by=cast.actor(cast.owner))
    worked(cast)
    assert {row[6] for row in everything(cast) if len(row) > 3} == {"deed"}
    with tenant_scope(cast.company.pk), pytest.raises(InvalidInput):
        change_windows(attribution_deed_days=0, by=cast.actor(cast.owner))


def test_pages_say_why_and_set_the_rule(cast: Cast, ivan: Party, spring: Source) -> None:
    owner, seller = Client(), Client()
    owner.force_login(cast.owner)
    seller.force_login(cast.seller)
    answered(cast, ivan, 2, said(cast, ivan, 3, spring))
    purchase = bought(cast, ivan, 1)
    page = owner.get(f"{BASE}/purchases/{purchase.pk}/").content.decode()
    assert "Весна" in page
    assert "Скидки" in page
    card = owner.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    address = f"{BASE}/attribution/purchase/{purchase.pk}/"
    assert address in card
    for headers in ({}, {"HX-Request": "true"}):
        assert "Весна" in owner.get(address, headers=headers).content.decode()
    alone = bought(cast, a_person(cast, "Пётр"))
    assert "ничего вашего не было" in owner.get(f"{BASE}/attribution/purchase/{alone.pk}/").content.decode()
    assert owner.get(f"{BASE}/attribution/other/{alone.pk}/").status_code == 404
    settings = f"{BASE}/settings/attribution/"
    assert owner.post(settings, {"attribution_deed_days": "x", "attribution_delivered_days": "7"}).status_code == 422
    assert owner.post(settings, {"attribution_deed_days": "14", "attribution_delivered_days": "3"}).status_code == 302
    assert owner.post(settings, {"count": "1"}).status_code == 302
    worked(cast)
    assert 'value="14"' in owner.get(settings).content.decode()
    assert seller.get(settings).status_code == 403


def test_api_tells_what_a_campaign_brought(cast: Cast, ivan: Party, spring: Source) -> None:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        _key, secret = make_key("k", by=cast.actor(cast.owner), scopes=["*"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    said(cast, ivan, 3, spring)
    weak = bought(cast, ivan, 2)
    bought(cast, ivan, 1, source=spring.pk)
    rows = client.get(f"/api/v1/attribution?source={spring.pk}&what=purchase").json()["items"]
    assert [row["rule"] for row in rows] == ["named", "delivered"]
    brought = client.get(f"/api/v1/attribution/sources/{spring.pk}").json()
    assert [(one["rule"], one["amount"]["amount"]) for one in brought] == [("delivered", "1000.00"), ("named", "1000.00")]
    why = client.get(f"/api/v1/attribution/purchase/{weak.pk}/why").json()
    assert (why["campaign"], why["attribution"]["days"]) == ("Весна", 1)
    assert client.get(f"/api/v1/attribution/other/{weak.pk}/why").status_code == 404
    assert client.get("/api/v1/attribution/deal/999999/why").status_code == 404
