"""Two campaigns want the same person, and the contact policy allows one letter: the one of higher priority writes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from dialogue.customers.channels.models import Delivery, State
from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput
from dialogue.marketing.campaigns.actions import change_campaign
from dialogue.marketing.campaigns.freezing import count_audience
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign, Decision, Person, Priority, Reason, Run
from dialogue.marketing.campaigns.priority import give_way
from dialogue.marketing.campaigns.saying import why_words
from dialogue.marketing.policy.actions import change_policy

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]
Ready = Callable[..., Campaign]


@pytest.fixture(autouse=True)
def one_letter_a_week(by: Actor, willing: Make) -> None:
    change_policy(by=by, cap=1, days=7, start=0, end=24)
    willing("Anna")


def states() -> dict[str, str]:
    rows = Delivery.objects.select_related("mailing")
    return {row.mailing.title: f"{row.state} {row.reason or ''}".strip() for row in rows if row.mailing}


def test_later_lower_campaign_leaves_him_out_and_names_the_other(ready: Ready, by: Actor, client: Client) -> None:
    launch_campaign(ready("Urgent", priority=Priority.HIGH), by=by)
    row = ready("Slow", priority=Priority.LOW)
    assert count_audience(row).reasons == {Reason.PRIORITY: 1}
    other = ready("Equal", priority=Priority.HIGH)
    assert count_audience(other).reasons == {Reason.CAP: 1}
    words = why_words(Decision.EXCLUDED, Reason.PRIORITY, {"above": ["Urgent"]})
    assert "“Urgent” has a higher priority" in words


def test_run_keeps_the_names_and_the_page_says_them(ready: Ready, willing: Make, by: Actor, client: Client) -> None:
    launch_campaign(ready("Urgent", priority=Priority.HIGH), by=by)
    willing("Vera")
    row = ready("Slow")
    run = launch_campaign(row, by=by)
    assert run.policy["above"] == ["Urgent"]
    people = client.get(f"/c/romashka/campaigns/{row.pk}/people/").content.decode()
    assert "“Urgent” has a higher priority" in people


def test_higher_campaign_takes_the_letter_that_still_waits(ready: Ready, by: Actor) -> None:
    slow = launch_campaign(ready("Slow", priority=Priority.LOW), by=by)
    urgent = launch_campaign(ready("Urgent", priority=Priority.HIGH), by=by)
    letters = [Delivery(pk=run.pk, mailing_id=run.mailing, party=Party.objects.get()) for run in (slow, urgent)]
    assert give_way(letters) == {slow.pk: "priority"}
    assert Person.objects.reached().count() == 2
    send_due()
    assert states()["Urgent"] == State.ACCEPTED
    assert states()["Slow"].startswith(State.CANCELLED)


def test_letter_that_went_counts_against_every_campaign(ready: Ready, by: Actor) -> None:
    launch_campaign(ready("Slow", priority=Priority.LOW), by=by)
    send_due()
    urgent = ready("Urgent", priority=Priority.HIGH)
    assert count_audience(urgent).reasons == {Reason.CAP: 1}


def test_equal_campaigns_come_first_come_first_served(ready: Ready, by: Actor) -> None:
    launch_campaign(ready("First"), by=by)
    assert count_audience(ready("Second")).reasons == {Reason.CAP: 1}
    send_due()
    assert states() == {"First": State.ACCEPTED}
    assert Run.objects.get().policy["above"] == []


def test_card_says_when_letters_leave(ready: Ready, willing: Make, by: Actor, client: Client) -> None:
    abroad = willing("Aiko", address={"country": "JP"})
    launch_campaign(ready("First"), by=by)
    card = f"/c/romashka/contacts/{abroad.pk}/"
    assert "Letters of campaigns leave" not in client.get(card).content.decode()
    change_policy(by=by, start=9, end=18)
    assert "Asia/Tokyo time, as the country says" in client.get(card).content.decode()


def test_priority_is_chosen_in_the_form(ready: Ready, by: Actor, client: Client) -> None:
    row = ready("Urgent")
    path = f"/c/romashka/campaigns/{row.pk}/"
    assert '<option value="2" selected>Usual' in client.get(f"{path}edit/").content.decode()
    assert client.post(f"{path}edit/", {"name": "Urgent", "test": "none", "priority": "3"}).status_code == 302
    assert "High" in client.get(f"{path}plan/").content.decode()
    with pytest.raises(InvalidInput):
        change_campaign(row, by=by, priority=9)
