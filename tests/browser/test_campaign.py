"""Winning back lapsed customers in a browser: planned, written, seen, launched in the dialog, followed to the result."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import transaction
from playwright.sync_api import expect

from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.details import record_consent
from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.segments.actions import create_segment
from dialogue.platform.mail.models import StoredLetter
from tests.browser.conftest import DESK, PHONE, Office, assert_clean
from tests.cast import a_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True)
class Words:
    """What the pages say in one language."""

    name: str
    people: str
    save: str
    subject: str
    text: str
    show: str
    launch: str
    reached: str
    left_out: str
    running: str
    no_consent: str
    result: str


ENGLISH = Words(
    "Name", "People reached", "Save", "Subject", "Text", "Show", "Launch", "Get the letter", "No consent is recorded", "running",
    "Left out: no consent to offers and news by e-mail is recorded.", "Letters taken by the servers",
)  # fmt: skip
ROMANIAN = Words(
    "Denumire", "Persoane contactate", "Salvează", "Subiect", "Text", "Arată", "Lansează", "Primesc scrisoarea",
    "Nu este înregistrat un consimțământ", "în desfășurare",
    "Exclus: nu este înregistrat un consimțământ pentru oferte și noutăți prin e-mail.", "Scrisori primite de servere",
)  # fmt: skip


def populate(office: Office) -> list[Party]:
    made = [a_person(office.cast, name, email=f"{name.lower()}@example.org") for name in ("Anna", "Boris", "Vera")]
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        by = office.cast.actor(office.cast.owner)
        for one in made[:2]:
            record_consent(one, channel="email", state="given", by=by, source="test")
        create_segment("Lapsed", {"lacks": "purchase"}, by=by)
    return made


@pytest.mark.parametrize(("language", "words"), [("en", ENGLISH), ("ro", ROMANIAN)])
def test_lapsed_customers_are_won_back(office: Office, language: str, words: Words) -> None:
    people = populate(office)
    page = office.page_as(office.cast.owner, language=language)
    page.goto(f"{office.base}/campaigns/new/")
    page.get_by_label(words.name, exact=True).fill("Win back")
    page.get_by_label("Lapsed").select_option("include")
    page.get_by_label(words.people).fill("2")
    assert_clean(page)
    page.get_by_role("button", name=words.save).click()
    page.get_by_label(words.subject).fill("{{first_name|Friend}}, come back")
    page.get_by_label(words.text, exact=True).fill("Dear {{name}}, [see](https://example.org/news)")
    page.get_by_role("button", name=words.show, exact=True).click()
    expect(page.frame_locator("iframe.letter-frame").first.get_by_text("Dear Anna")).to_be_visible()
    page.get_by_role("button", name=words.save).click()
    expect(page.get_by_role("status")).to_be_visible()
    assert_clean(page)
    page.get_by_role("button", name=words.launch).click()
    dialog = page.locator("#sheet")
    expect(dialog.get_by_text(words.reached)).to_be_visible()
    expect(dialog.get_by_text(words.left_out)).to_be_visible()
    assert_clean(page)
    dialog.get_by_role("button", name=words.launch).click()
    expect(page.get_by_text(words.running, exact=True)).to_be_visible()
    with tenant_scope(office.cast.company.pk):
        send_due()
        with transaction.atomic():
            assert StoredLetter.objects.count() == 2
            row = Campaign.objects.get()
    page.goto(f"{office.base}/campaigns/{row.pk}/")
    expect(page.get_by_role("row", name=words.result).get_by_text("2", exact=True)).to_be_visible()
    assert_clean(page)
    page.goto(f"{office.base}/contacts/{people[2].pk}/")
    expect(page.get_by_text(words.no_consent)).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_campaign_pages_are_clean(office: Office, size: tuple[int, int], dark: bool) -> None:
    from dialogue.marketing.campaigns.actions import choose_segments, create_campaign, write_content
    from dialogue.marketing.campaigns.launching import launch_campaign

    populate(office)
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        by = office.cast.actor(office.cast.owner)
        row = create_campaign("Win back", by=by, hold_out=0, plan_people=3)
        choose_segments(row, ["lapsed"], by=by)
        write_content(row, by=by, subject="News", body="Dear {{name}}")
        launch_campaign(row, by=by)
    page = office.page_as(office.cast.owner, size, dark=dark)
    for path in ("", "plan/", "letters/", "people/", "edit/"):
        page.goto(f"{office.base}/campaigns/{row.pk}/{path}")
        expect(page.locator("h1")).to_be_visible()
        assert_clean(page)
    page.goto(f"{office.base}/settings/policy/")
    assert_clean(page)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_letter_is_built_of_blocks(office: Office, size: tuple[int, int]) -> None:
    from dialogue.marketing.campaigns.actions import choose_segments, create_campaign
    from dialogue.marketing.campaigns.models import Content
    from dialogue.selling.catalog.actions import ensure_products

    populate(office)
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        by = office.cast.actor(office.cast.owner)
        row = create_campaign("Win back", by=by)
        choose_segments(row, ["lapsed"], by=by)
        ensure_products({"C-1": ("Warm coat", "")}, by=by)
    page = office.page_as(office.cast.owner, size)
    page.goto(f"{office.base}/campaigns/{row.pk}/letters/")
    page.get_by_label("Subject").fill("News")
    page.get_by_label("Text", exact=True).fill("Dear {{name}}")
    page.get_by_role("button", name="Build of blocks").click()
    page.get_by_label("Block to add").select_option("button")
    page.get_by_role("button", name="Add a block").press("Enter")
    words = page.get_by_label("Words")
    expect(words).to_be_focused()
    words.fill("Come in")
    page.get_by_label("Leads to").fill("https://example.org/")
    assert_clean(page)
    up = page.get_by_role("button", name="Move up: 2. Button")
    up.press("Enter")
    expect(page.locator(".letter-block").first).to_contain_text("1. Button")
    expect(page.get_by_role("button", name="Move up: 1. Button")).to_be_focused()
    expect(page.get_by_label("Words")).to_have_value("Come in")
    page.get_by_label("Block to add").select_option("product")
    page.get_by_role("button", name="Add a block").press("Enter")
    page.get_by_label("Take from the products").press_sequentially("warm")
    offered = page.get_by_role("button", name="Warm coat")
    expect(offered).to_be_visible()
    assert_clean(page)
    offered.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Warm coat")
    expect(page.get_by_label("Words", exact=True)).to_have_value("Come in")
    page.get_by_label("Take from the products").fill("nothing such")
    page.get_by_label("Take from the products").press("Enter")
    expect(page.get_by_text("No product of this name or code")).to_be_visible()
    page.get_by_label("Take from the products").fill("")
    page.get_by_label("Subject").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    with transaction.atomic(), tenant_scope(office.cast.company.pk):
        assert [one["kind"] for one in Content.objects.get().blocks] == ["button", "text", "product"]
    assert_clean(page)
