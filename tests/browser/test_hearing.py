"""What comes back, in a browser: mailboxes, what they brought, coupons, why a purchase stands where it stands, an answer by hand."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from dialogue.customers.mailboxes.actions import MailboxDraft, save_mailbox
from dialogue.customers.mailboxes.models import Incoming, Kind, Mailbox
from dialogue.customers.parties.models import Party
from dialogue.customers.sources.actions import create_source
from dialogue.customers.timeline.actions import record_response, record_touch
from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.selling.promotions.actions import SeriesDraft, create_series, issue_codes, issue_coupons
from dialogue.selling.promotions.models import Series
from dialogue.selling.purchases.actions import record_purchase
from dialogue.selling.purchases.models import Purchase
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import a_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CAME = (
    (Kind.REPLY, "anna@avtoprom.example.org", "Re: Spring prices", ""),
    (Kind.BOUNCE, "MAILER-DAEMON@mx.example.net", "Undelivered Mail", "5.1.1 boris@avtoprom.example.org no such user here"),
    (Kind.COMPLAINT, "abuse@mail.example.com", "FW: Spring prices", "abuse"),
    (Kind.AUTOMATIC, "vera@avtoprom.example.org", "Out of office", "auto-replied"),
    (Kind.ASIDE, "", "", "no headers"),
)


def populate(office: Office) -> tuple[Party, Series, Purchase]:
    anna = a_person(office.cast, "Anna Petrova", email="anna@avtoprom.example.org")
    now = timezone.now()
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        by = office.cast.actor(office.cast.owner)
        mailbox = save_mailbox(MailboxDraft(host="imap.example.org", user="sales@example.org", password="x"), by=by)
        silent = save_mailbox(MailboxDraft(host="imap.example.org", user="back@example.org", password="x"), by=by)
        Mailbox.objects.filter(pk=mailbox.pk).update(read_at=now)
        Mailbox.objects.filter(pk=silent.pk).update(trouble="The server does not answer: timed out", next_at=now)
        for number, (kind, sender, subject, note) in enumerate(CAME):
            party = anna if kind == Kind.REPLY else None
            given = {"sender": sender, "subject": subject, "note": note, "party": party, "data": b"as it came"}
            Incoming.objects.create(mailbox=mailbox, digest=f"{number}", kind=kind, **given)
        spring = create_source(name="Spring", by=by)
        touch = record_touch(anna, kind="message", subject="Spring prices", source=spring.pk, at=now - timedelta(days=5), by=by)
        record_response(anna, kind="reply", touch=touch, body="Sounds good", at=now - timedelta(days=4), by=by)
        series = create_series(SeriesDraft(name="Spring, 10 % off", offer="10 % off", source=spring.pk, prefix="S"), by=by)
        issue_codes(series, 250, by=by)
        code = issue_coupons(series, [anna.pk], by=by)[anna.pk]
        bought = [
            record_purchase(lines=[("", "Tea", Decimal(2), Decimal(6250))], party=anna, coupon=coupon, at=at, by=by)
            for coupon, at in (("", now - timedelta(days=2)), (code, now - timedelta(days=1)), (code, now))
        ]
    return anna, series, bought[0]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_of_what_comes_back_are_clean(office: Office, size: tuple[int, int], dark: bool) -> None:
    anna, series, purchase = populate(office)
    page = office.page_as(office.cast.owner, size, dark=dark)
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        aside = Incoming.objects.get(kind=Kind.ASIDE).pk
    for address, words in (
        ("settings/mailboxes/", "Next try at"),
        ("settings/incoming/", "no such user here"),
        (f"settings/incoming/{aside}/", "Read it once more"),
        ("settings/attribution/", "Count anew"),
        ("coupons/", "Spring, 10 % off"),
        (f"coupons/{series.pk}/", "used already"),
        ("coupons/new/", "One code for everybody"),
        (f"purchases/{purchase.pk}/", "The customer, 2 days before"),
        (f"contacts/{anna.pk}/", "used a coupon"),
    ):
        page.goto(f"{office.base}/{address}")
        expect(page.get_by_text(re.compile(re.escape(words), re.IGNORECASE)).first).to_be_visible()
        assert_clean(page)


def test_seller_asks_what_brought_a_purchase_and_records_an_answer(office: Office) -> None:
    anna, _series, _purchase = populate(office)
    page = office.page_as(office.cast.owner)
    page.goto(f"{office.base}/contacts/{anna.pk}/")
    bought = page.locator("article.ans", has_text="Bought").first
    bought.hover()
    bought.get_by_role("button", name="What brought it").click()
    sheet = page.locator("#sheet")
    expect(sheet.get_by_text("Campaign “Spring”")).to_be_visible()
    assert_clean(page)
    sheet.get_by_role("button", name="Close").click()
    page.locator("form.compose").get_by_role("button", name="Record an answer").click()
    sheet.get_by_label("What came back").select_option("came")
    sheet.get_by_label("Campaign").select_option(label="Spring")
    sheet.get_by_label("In his words").fill("Came to the stand")
    assert_clean(page)
    sheet.get_by_role("button", name="Write down").click()
    expect(page.get_by_text("Came to the stand")).to_be_visible()
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        assert Entry.objects.filter(kind="came", source__isnull=False).count() == 1
