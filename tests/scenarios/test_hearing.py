"""A campaign leaves through a real server and is heard: clicks, a scanner, a reply, a return, a complaint, a machine, a coupon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.models import Delivery, State, Suppression
from dialogue.customers.channels.sending import send_due
from dialogue.customers.channels.tests.stage import CHROME, LINK, path_of, second_origin, verified_sender
from dialogue.customers.mailboxes.actions import MailboxDraft, save_mailbox
from dialogue.customers.mailboxes.hearing import read_mailbox
from dialogue.customers.mailboxes.tests.dovecot import PASSWORD, Dovecot, dovecot
from dialogue.customers.mailboxes.tests.letters import complained, reply, returned
from dialogue.customers.parties.details import record_consent
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.models import Entry, Side
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.attribution.figures import brought_by
from dialogue.marketing.attribution.models import Attribution
from dialogue.marketing.campaigns.actions import choose_segments, create_campaign, write_content
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.models import Membership, Segment
from dialogue.marketing.segments.schedules import follow_rules
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.tests.post_office import PostOffice, Taken, post_office
from dialogue.selling.promotions.actions import SeriesDraft, create_series, issue_coupons
from dialogue.selling.purchases.actions import record_purchase
from tests.cast import Cast, a_person, make_cast

NAMES = ("Anna", "Boris", "Clara", "Dmitry", "Elena", "Fedor", "Galina")


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def imap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    with dovecot() as running:
        monkeypatch.setenv("SSL_CERT_FILE", running.authority)
        yield running


@pytest.fixture(autouse=True)
def names(settings: Any) -> None:
    settings.TXT_LOOKUP = f"{__name__}.published"


def published(name: str) -> list[str]:
    """Answer as the name server of a well-kept domain."""
    if name.startswith("_dmarc."):
        return ["v=DMARC1; p=quarantine"]
    known = {row.record_name: row.record_text for row in SenderIdentity.objects.in_use()}
    return [known[name]] if name in known else ["v=spf1 ip4:127.0.0.1 -all"]


def launched(cast: Cast, office: PostOffice) -> tuple[Campaign, dict[str, Party]]:
    """Send a campaign to seven people who agreed."""
    by = cast.actor(cast.owner)
    verified_sender(cast, office.port)
    change_policy(by=by, start=0, end=24)
    people = {}
    for name in NAMES:
        people[name] = a_person(cast, name, email=f"{name.lower()}@avtoprom.example.org")
        record_consent(people[name], channel="email", state="given", by=by, source="test")
    segment = create_segment("Everybody", {"all": []}, by=by)
    campaign = create_campaign("Spring", by=by)
    choose_segments(campaign, [segment.code], by=by)
    body = "Hello {{first_name|friend}}: https://romashka.example.org/a and https://romashka.example.org/b"
    write_content(campaign, by=by, subject="Spring prices", body=body)
    launch_campaign(campaign, by=by)
    send_due()
    return Campaign.objects.get(pk=campaign.pk), people


def letter_to(office: PostOffice, name: str) -> Taken:
    return next(one for one in office.letters if one.recipients[0].startswith(name.lower()))


def links_in(letter: Taken) -> list[str]:
    html = message_from_bytes(letter.data, policy=policy.default).get_body(("html",))
    assert html is not None
    return list(dict.fromkeys(LINK.findall(str(html.get_content()))))


def test_campaign_is_heard_whole(cast: Cast, office: PostOffice, imap: Dovecot) -> None:
    campaign, people = launched(cast, office)
    assert len(office.letters) == len(NAMES)
    by = cast.actor(cast.owner)
    before = [links_in(letter_to(office, name)) for name in ("Anna", "Boris")]
    with second_origin() as client:
        client.get(path_of(before[0][0]), **CHROME)
        for link in before[1]:
            client.get(path_of(link), **CHROME)
    imap.put(
        "sales",
        reply(letter_to(office, "Clara").data, "How much is it?", sender="clara@avtoprom.example.org"),
        returned(letter_to(office, "Dmitry").data, to="dmitry@avtoprom.example.org"),
        complained(letter_to(office, "Elena").data),
        reply(letter_to(office, "Fedor").data, "Away", sender="fedor@avtoprom.example.org", Auto_Submitted="auto-replied"),
    )
    mailbox = save_mailbox(MailboxDraft(host="127.0.0.1", port=imap.tls, user="sales", password=PASSWORD, days=1), by=by)
    assert read_mailbox(mailbox.pk) == {"reply": 1, "bounce": 1, "complaint": 1, "automatic": 1}
    heard = {
        (entry.party.name, entry.kind): (entry.source, bool(entry.touch), entry.side)
        for entry in Entry.objects.exclude(side=Side.OUT).select_related("party")
    }
    assert heard == {
        ("Anna", "link_followed"): (campaign.source, True, "in"),
        ("Clara", "reply"): (campaign.source, True, "in"),
        ("Dmitry", "returned"): (campaign.source, True, "in"),
        ("Elena", "marked_spam"): (campaign.source, True, "in"),
        ("Fedor", "out_of_office"): (campaign.source, True, "own"),
    }
    assert Delivery.objects.get(party=people["Dmitry"]).state == State.REFUSED
    assert {row.reason for row in Suppression.objects.all()} == {"bounced", "complaint"}


def test_what_was_heard_is_in_events_segments_and_figures_within_a_minute(cast: Cast, office: PostOffice) -> None:
    campaign, people = launched(cast, office)
    by = cast.actor(cast.owner)
    answered = {
        "has": "response",
        "where": [{"field": "source", "is": str(campaign.source)}, {"field": "kind", "is": "link_followed"}],
    }
    segment = create_segment("Followed a link", answered, by=by)
    with second_origin() as client:
        client.get(path_of(links_in(letter_to(office, "Anna"))[0]), **CHROME)
    Segment.objects.filter(pk=segment.pk).update(built_at=timezone.now() - timedelta(minutes=1))
    follow_rules()
    assert list(Membership.objects.filter(segment_id=segment.pk, until=None).values_list("party_id", flat=True)) == [
        people["Anna"].pk
    ]
    series = create_series(SeriesDraft(name="Spring", source=campaign.source), by=by)
    code = issue_coupons(series, [people["Galina"].pk], by=by)[people["Galina"].pk]
    for name, coupon in (("Anna", ""), ("Boris", ""), ("Galina", code)):
        at = timezone.now() + timedelta(seconds=1)
        record_purchase(
            lines=[("", "Tea", Decimal(1), Decimal(100))], party=people[name], coupon=coupon, currency="RUB", at=at, by=by
        )
    rules = dict(Attribution.objects.to_source(campaign.source or 0).values_list("party__name", "rule"))
    assert rules == {"Anna": "deed", "Boris": "delivered", "Galina": "coupon"}
    assert {(one.rule, one.count, one.amount) for one in brought_by([campaign.source or 0])} == {
        ("coupon", 1, Decimal(100)),
        ("deed", 1, Decimal(100)),
        ("delivered", 1, Decimal(100)),
    }
    owner = Client()
    owner.force_login(cast.owner)
    events = owner.get("/c/romashka/events/").content.decode()
    for words in ("перешёл по ссылке", "воспользовался купоном", "купил"):
        assert words in events.lower()
