"""From the launch to the letter: who gets it, when, in which words; pausing, going on, stopping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email import policy as email_policy
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.ledger import waiting_letters
from dialogue.customers.channels.models import Delivery, Mailing, State
from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, NotPermitted
from dialogue.kit.zones import zone_of
from dialogue.marketing.campaigns.actions import change_campaign, write_content
from dialogue.marketing.campaigns.launching import (
    cancel_campaign,
    finish_campaign,
    finish_ended,
    launch_campaign,
    launch_soon,
    pause_campaign,
    resume_campaign,
)
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, Person, Run
from dialogue.marketing.campaigns.preflight import is_address, look_before
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.policy.gates import hold_back
from dialogue.marketing.policy.rules import Policy, allowed_from, is_quiet
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.mail.models import StoredLetter
from tests.cast import Cast, a_person

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]
Ready = Callable[..., Campaign]


@pytest.fixture(autouse=True)
def all_day(by: Actor) -> None:
    """Let letters leave at any hour: the tests run at any hour."""
    change_policy(by=by, start=0, end=24)


def letters() -> dict[str, tuple[str, str]]:
    """Return `{to: (subject, text)}` of what lies in the local mailbox."""
    found = {}
    for row in StoredLetter.objects.all():
        letter = message_from_bytes(bytes(row.data), policy=email_policy.default)
        body = letter.get_body(("plain",))
        found[letter["To"].addresses[0].addr_spec] = (str(letter["Subject"]), body.get_content() if body else "")
    return found


def test_launched_campaign_sends_each_person_his_letter(willing: Make, ready: Ready, by: Actor, cast: Cast) -> None:
    willing("Anna", address={"city": "Рязань"})
    willing("Boris", language="en")
    a_person(cast, "Silent", email="silent@example.org")
    made = ready(body="{% if city %}To {{city}}{% else %}Dear {{name}}{% endif %} https://example.org/")
    write_content(made, by=by, subject="In English", body="Hello {{name}}", language="en")
    run = launch_campaign(made, by=by)
    send_due()
    said = letters()
    assert set(said) == {"anna@example.org", "boris@example.org"}
    assert said["anna@example.org"][0] == "News for Anna"
    assert said["anna@example.org"][1].startswith("To Рязань")
    assert said["boris@example.org"][0] == "In English"
    row = Campaign.objects.get(pk=made.pk)
    touches = Entry.objects.filter(source=row.source, side="out")
    assert touches.count() == 2
    assert (row.state, run.counts["included"], run.counts["reasons"]) == ("running", 2, {"5": 1})
    line = CampaignSegment.objects.get(campaign=row)
    assert (line.version, line.size) == (1, 3)


def test_second_launch_is_refused_and_sends_nothing_twice(willing: Make, ready: Ready, by: Actor) -> None:
    willing("Anna")
    made = ready()
    launch_campaign(made, by=by)
    with pytest.raises(Conflict):
        launch_campaign(made, by=by)
    send_due()
    assert Delivery.objects.count() == 1
    assert Run.objects.count() == 1


def test_launch_as_a_job_freezes_and_sends(willing: Make, ready: Ready, by: Actor, cast: Cast) -> None:
    willing("Anna")
    made = ready()
    job = launch_soon(made, by=by)
    run_job(cast.company.pk, job.pk)
    run_job(cast.company.pk, job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    assert Person.objects.count() == 1


def test_arms_of_a_subject_test_share_the_text(willing: Make, ready: Ready, by: Actor) -> None:
    for number in range(24):
        willing(f"P{number}")
    made = ready(test="subject", body="The same text")
    with pytest.raises(Conflict):
        launch_campaign(made, by=by)
    write_content(made, by=by, subject="The other subject", body="", arm="b")
    launch_campaign(made, by=by)
    send_due()
    said = letters()
    assert {subject.split(" for ")[0] for subject, _text in said.values()} == {"News", "The other subject"}
    assert all(text.startswith("The same text") for _subject, text in said.values())
    arms = dict(Person.objects.values_list("party_id", "arm"))
    other = {party for party, arm in arms.items() if arm == "b"}
    assert {d.address for d in Delivery.objects.filter(party_id__in=other)} == {
        to for to, (subject, _text) in said.items() if subject == "The other subject"
    }


def test_paused_campaign_sends_nothing_until_it_goes_on_with_the_new_words(willing: Make, ready: Ready, by: Actor) -> None:
    willing("Anna")
    made = ready(body="Old words")
    launch_campaign(made, by=by)
    pause_campaign(made, by=by)
    send_due()
    assert letters() == {}
    content = write_content(made, by=by, subject="News", body="New words")
    assert content.version == 2
    resume_campaign(made, by=by)
    send_due()
    assert letters()["anna@example.org"][1].startswith("New words")


def test_cancelled_campaign_never_sends_the_rest(willing: Make, ready: Ready, by: Actor) -> None:
    willing("Anna")
    made = ready()
    launch_campaign(made, by=by)
    cancel_campaign(made, by=by)
    send_due()
    assert letters() == {}
    assert Delivery.objects.get().state == State.CANCELLED
    with pytest.raises(Conflict):
        resume_campaign(made, by=by)


def test_campaign_is_finished_only_when_its_letters_have_gone(willing: Make, ready: Ready, by: Actor) -> None:
    willing("Anna")
    made = ready()
    launch_campaign(made, by=by)
    with pytest.raises(Conflict):
        finish_campaign(made, by=by)
    send_due()
    assert Mailing.objects.get().state == "done"
    assert finish_campaign(made, by=by).state == "done"


def test_who_wrote_to_him_meanwhile_stops_the_letter_at_hand_over(willing: Make, ready: Ready, by: Actor) -> None:
    person = willing("Anna")
    change_policy(by=by, cap=1)
    launch_campaign(ready(), by=by)
    Delivery.objects.create(
        party=person, purpose="marketing", channel="email", address="x@example.org", state="accepted", due_at=None,
        settled_at=timezone.now(),
    )  # fmt: skip
    send_due()
    assert letters() == {}
    assert Delivery.objects.exclude(mailing=None).get().reason == "cap"


def test_quiet_hours_put_letters_off_to_the_morning_of_the_persons_country(willing: Make, ready: Ready, by: Actor) -> None:
    here = willing("Anna", address={"country": "MD"})
    now = timezone.now()
    zone = ZoneInfo("Europe/Chisinau")
    hour = now.astimezone(zone).hour
    start = (hour + 3) % 24
    if start >= 23:
        start = 1
    change_policy(by=by, start=start, end=start + 1)
    launch_campaign(ready(), by=by)
    due = waiting_letters(Mailing.objects.get())[0].due_at
    assert due is not None
    assert due > now
    assert due.astimezone(zone).hour == start
    send_due()
    assert letters() == {}
    row = waiting_letters(Mailing.objects.get())[0]
    held = hold_back([row])[row.pk]
    assert isinstance(held, datetime)
    assert held == due
    assert here.pk == row.party_id


def test_two_people_of_one_country_get_their_letters_in_their_own_hours(
    willing: Make, ready: Ready, by: Actor, client: Client
) -> None:
    here = willing("Anna", address={"country": "MD"})
    away = willing("Boris", address={"country": "MD"}, time_zone="Asia/Tokyo")
    zones = {here.pk: ZoneInfo("Europe/Chisinau"), away.pk: ZoneInfo("Asia/Tokyo")}
    hours = {timezone.now().astimezone(zone).hour for zone in zones.values()}
    start = next(hour for hour in range(23) if not {hour, (hour + 1) % 24, (hour - 1) % 24} & hours)
    change_policy(by=by, start=start, end=start + 1)
    launch_campaign(ready(), by=by)
    waiting = waiting_letters(Mailing.objects.get())
    due = {row.party_id: row.due_at for row in waiting}
    assert {pk: due[pk].astimezone(zone).hour for pk, zone in zones.items()} == {here.pk: start, away.pk: start}
    assert due[here.pk] != due[away.pk]
    held = hold_back(waiting)
    assert {row.party_id: held[row.pk] for row in waiting} == due
    assert "Asia/Tokyo time, which is the customer" in client.get(f"/c/romashka/contacts/{away.pk}/").content.decode()
    assert "Europe/Chisinau time" in client.get(f"/c/romashka/contacts/{here.pk}/").content.decode()


def test_campaign_that_begins_later_plans_its_letters_for_that_day(willing: Make, ready: Ready, by: Actor, cast: Cast) -> None:
    willing("Anna")
    day = cast.company.today() + timedelta(days=3)
    launch_campaign(ready(starts_on=day), by=by)
    due = waiting_letters(Mailing.objects.get())[0].due_at
    assert due is not None
    assert due.astimezone(cast.company.zone).date() == day


@pytest.mark.parametrize(
    ("subject", "body", "words"),
    [
        ("", "Text", "write a subject"),
        ("News", "", "write a text"),
        ("News", "Hello {{nickname}}", "nickname"),
        ("News", "Hello {{name", "braces"),
        ("News", "{% if city %}no end", "depends on the card"),
        ("News", "[shop](www.example.org)", "leads nowhere"),
        ("News", "see http://localhost/x", "leads nowhere"),
        ("News", "word " * 12_000, "larger than 100 KB"),
    ],
)
def test_wrong_letter_stops_the_launch(willing: Make, ready: Ready, by: Actor, subject: str, body: str, words: str) -> None:
    willing("Anna")
    made = ready()
    write_content(made, by=by, subject=subject, body=body)
    with pytest.raises(Conflict) as refused:
        launch_campaign(made, by=by)
    assert words in refused.value.message
    assert refused.value.code == "preflight"
    assert not Person.objects.exists()


def test_segments_mostly_without_consent_stop_the_launch(willing: Make, ready: Ready, by: Actor, cast: Cast) -> None:
    willing("Anna")
    for number in range(2):
        a_person(cast, f"Unasked{number}", email=f"unasked{number}@example.org")
    with pytest.raises(Conflict) as refused:
        launch_campaign(ready(), by=by)
    assert "more than half" in refused.value.message


def test_campaign_that_reaches_nobody_is_not_launched(ready: Ready, by: Actor) -> None:
    made = ready()
    with pytest.raises(Conflict):
        launch_campaign(made, by=by)
    assert Campaign.objects.get(pk=made.pk).state == "draft"


def test_place_without_other_words_is_only_warned_about(willing: Make, ready: Ready) -> None:
    made = ready(body="Hello {{first_name}}")
    found = [one for one in look_before(made).findings if one.grade == "warn" and one.where == "letters"]
    assert "first_name" in found[0].words


def test_frozen_plan_keeps_test_and_hold_out(willing: Make, ready: Ready, by: Actor) -> None:
    willing("Anna")
    made = ready()
    launch_campaign(made, by=by)
    assert change_campaign(made, by=by, plan_people=5).plan_people == 5
    with pytest.raises(Conflict):
        change_campaign(made, by=by, hold_out=20)


def test_seller_may_not_launch(willing: Make, ready: Ready, cast: Cast) -> None:
    willing("Anna")
    with pytest.raises(NotPermitted):
        launch_campaign(ready(), by=cast.actor(cast.seller))


def test_links_that_name_no_site_are_no_addresses() -> None:
    assert is_address("https://example.org/a?b=1")
    assert is_address("https://магазин.рф/весна")
    for wrong in ("http://", "https://localhost", "ftp://example.org", "https://exa mple.org", "https://example.org:x/"):
        assert not is_address(wrong), wrong


def test_quiet_hours_are_those_of_the_persons_zone() -> None:
    policy, company = Policy(start=8, end=20), ZoneInfo("Europe/Chisinau")
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    japan = zone_of("", "JP", company)
    assert is_quiet(noon, japan, policy)
    assert allowed_from(noon, japan, policy) == datetime(2026, 3, 3, 8, tzinfo=japan)
    assert not is_quiet(noon, zone_of("", "RU", company), policy)
    early = datetime(2026, 3, 2, 4, tzinfo=UTC)
    assert allowed_from(early, company, policy) == datetime(2026, 3, 2, 8, tzinfo=company)
    assert allowed_from(noon, company, policy) == noon


def test_campaign_whose_last_day_is_over_is_finished_at_night(willing: Make, ready: Ready, by: Actor, cast: Cast) -> None:
    willing("Anna")
    made = ready()
    launch_campaign(made, by=by)
    Campaign.objects.filter(pk=made.pk).update(ends_on=cast.company.today() - timedelta(days=1))
    assert finish_ended(by) == 0
    send_due()
    assert finish_ended(by) == 1
    assert Campaign.objects.get(pk=made.pk).state == "done"
    assert finish_ended(by) == 0
