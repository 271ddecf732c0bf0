"""Coupons in letters: issued to those reached, printed for each, refused before the launch where they do not fit, counted after."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes
from email import policy as email_policy

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.marketing.campaigns.actions import change_campaign, write_content
from dialogue.marketing.campaigns.freezing import count_audience
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.letters import show_letter
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.preflight import look_before
from dialogue.marketing.policy.actions import change_policy
from dialogue.platform.mail.models import StoredLetter
from dialogue.selling.promotions.actions import SeriesDraft, close_series, create_series, issue_coupons
from dialogue.selling.promotions.models import Coupon, Series
from dialogue.selling.promotions.rules import ALPHABET
from dialogue.selling.purchases.actions import LineDraft, PurchaseDraft, record_purchases
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]
Ready = Callable[..., Campaign]
BODY = "Dear {{name}}, your code: {{coupon}}"


def texts() -> dict[str, str]:
    found = {}
    for row in StoredLetter.objects.all():
        letter = message_from_bytes(bytes(row.data), policy=email_policy.default)
        body = letter.get_body(("plain",))
        found[letter["To"].addresses[0].addr_spec] = body.get_content() if body else ""
    return found


def stops(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return " ".join(one.words for one in look_before(campaign, count_audience(campaign)).stops)


def test_everybody_reached_gets_a_code_of_his_own(willing: Make, ready: Ready, by: Actor, cast: Cast) -> None:
    change_policy(by=by, start=0, end=24)
    anna, vera = willing("Anna"), willing("Vera")
    series = create_series(SeriesDraft("Autumn 10", prefix="AUT"), by=by)
    had = issue_coupons(series, [vera.pk], by=by)[vera.pk]
    made = ready(body=BODY, coupons=series.pk)
    run = launch_campaign(made, by=by)
    send_due()
    codes = dict(Coupon.objects.filter(series=series).values_list("party_id", "code"))
    assert set(codes) == {anna.pk, vera.pk}
    assert codes[vera.pk] == had
    assert re.fullmatch(f"AUT[{ALPHABET}]{{8}}", codes[anna.pk])
    assert f"your code: {codes[anna.pk]}" in texts()["anna@example.org"]
    assert f"your code: {had}" in texts()["vera@example.org"]
    made.refresh_from_db()
    assert Series.objects.get().source == made.source
    line = LineDraft(product=None, name="Coat", quantity=Decimal(1), price=Decimal(100))
    bought = PurchaseDraft(at=timezone.now(), currency="EUR", external_id="T1", coupon=codes[anna.pk], lines=[line])
    record_purchases([bought], by=by)
    used = Entry.objects.get(kind="coupon_used")
    assert (used.party_id, used.source) == (anna.pk, made.source)
    assert run.counts["included"] == 2


def test_one_code_for_everybody_is_printed_and_not_issued(willing: Make, ready: Ready, by: Actor) -> None:
    change_policy(by=by, start=0, end=24)
    willing("Anna")
    series = create_series(SeriesDraft("Spring", code="SPRING10"), by=by)
    made = ready(coupons=series.pk)
    write_content(made, by=by, subject="Hi", blocks=[{"kind": "coupon", "text": "Ten percent"}])
    launch_campaign(made, by=by)
    send_due()
    assert "Ten percent\nSPRING10" in texts()["anna@example.org"].replace("\r", "")
    assert Coupon.objects.count() == 1


def test_thousands_get_different_codes_in_one_statement(willing: Make, ready: Ready, by: Actor) -> None:
    for number in range(60):
        willing(f"P{number}")
    series = create_series(SeriesDraft("Many"), by=by)
    launch_campaign(ready(body=BODY, coupons=series.pk), by=by)
    codes = set(Coupon.objects.values_list("code", flat=True))
    assert len(codes) == 60
    assert len({letter for code in codes for letter in code}) > 25


def test_coupons_that_do_not_fit_stop_the_launch(willing: Make, ready: Ready, by: Actor, cast: Cast) -> None:
    willing("Anna")
    willing("Boris")
    today = cast.company.today()
    made = ready(body=BODY, ends_on=today + timedelta(days=30))
    assert "no coupons are chosen" in stops(made)

    def choose(name: str, **fields: object) -> Series:
        series = create_series(SeriesDraft(name, **fields), by=by)  # type: ignore[arg-type]
        change_campaign(made, by=by, coupons=series.pk)
        return series

    choose("Short", ends_on=today + timedelta(days=10))
    assert "before the campaign does" in stops(made)
    choose("Late", starts_on=today + timedelta(days=10))
    assert "begin only on" in stops(made)
    choose("Few", code="FEW1", limit=1)
    assert "Too few uses are left of “Few”: 1" in stops(made)
    choose("Foreign", source=ready("Another").source)
    assert "those of “Another”" in stops(made)
    gone = choose("Closed")
    assert stops(made) == ""
    close_series(gone, by=by)
    assert "were closed" in stops(made)


def test_letter_without_the_code_is_only_warned_about(willing: Make, ready: Ready, by: Actor) -> None:
    willing("Anna")
    made = ready(coupons=create_series(SeriesDraft("Unused"), by=by).pk)
    assert stops(made) == ""
    assert any("No letter prints" in one.words for one in look_before(made).findings)


def test_preview_shows_an_example_and_pages_show_the_coupons(willing: Make, ready: Ready, by: Actor, client: Client) -> None:
    anna = willing("Anna")
    series = create_series(SeriesDraft("Autumn 10", prefix="AUT"), by=by)
    made = ready(body=BODY, coupons=series.pk)
    assert "AUTEXAMPLE1" in show_letter("s", BODY, anna, campaign=made).plain
    path = f"/c/romashka/campaigns/{made.pk}/"
    assert "{{coupon}}" in client.get(f"{path}letters/").content.decode()
    form = client.get(f"{path}edit/").content.decode()
    assert f'<option value="{series.pk}" selected>Autumn 10' in form
    launch_campaign(made, by=by)
    assert "Autumn 10" in client.get(f"{path}plan/").content.decode()
    result = client.get(path).content.decode()
    assert f"/coupons/{series.pk}/" in result
