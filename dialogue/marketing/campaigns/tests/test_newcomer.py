"""What somebody sees who launches his first campaign: what the dialog says is what comes, and why letters wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.kit.actors import Actor
from dialogue.marketing.campaigns.actions import create_campaign, write_content
from dialogue.marketing.campaigns.freezing import Audience, count_audience
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.policy.actions import change_policy
from dialogue.platform.tenants.opened import open_company

pytestmark = pytest.mark.django_db
BASE = "/c/romashka/campaigns"
Make = Callable[..., Party]
Ready = Callable[..., Campaign]


def shut_now(by: Actor) -> None:
    """Let letters go at hours only that this one is none of."""
    hour = timezone.now().astimezone(open_company().zone).hour
    start, end = (hour + 2, 24) if hour < 20 else (0, hour - 1)
    change_policy(start=start, end=end, by=by)


def test_split_of_the_dialog_is_that_of_the_launch(willing: Make, ready: Ready, by: Actor) -> None:
    for number in range(40):
        willing(f"Anna{number}")
    made = ready(hold_out=50)
    told = count_audience(made)
    run = launch_campaign(made, by=by)
    came = Audience.of_run(run)
    assert (came.included, came.held_out) == (told.included, told.held_out)
    other = ready("Зима", hold_out=50)
    assert len({run.seed, launch_campaign(other, by=by).seed}) == 2


def test_letters_that_wait_for_the_morning_are_told_of(willing: Make, ready: Ready, by: Actor, client: Client) -> None:
    willing("Anna")
    made = ready()
    words = "At this hour the contact policy lets no letters go"
    assert words not in client.get(f"{BASE}/{made.pk}/launch/").content.decode()
    shut_now(by)
    assert words in client.get(f"{BASE}/{made.pk}/launch/").content.decode()
    launch_campaign(made, by=by)
    assert words in client.get(f"{BASE}/{made.pk}/").content.decode()
    change_policy(start=0, end=24, by=by)
    assert words not in client.get(f"{BASE}/{made.pk}/").content.decode()


def test_gain_is_not_shown_before_anybody_bought(willing: Make, ready: Ready, by: Actor, client: Client) -> None:
    for number in range(20):
        willing(f"Anna{number}")
    made = ready(hold_out=50)
    launch_campaign(made, by=by)
    assert "nobody has bought yet" in client.get(f"{BASE}/{made.pk}/").content.decode()


def test_letter_not_begun_is_no_error_and_its_author_is_responsible(by: Actor, client: Client) -> None:
    made = create_campaign("Осень", by=by)
    assert "write the text for everybody" not in client.get(f"{BASE}/{made.pk}/letters/").content.decode()
    write_content(made, by=by, subject="News", body="")
    assert "write a text" in client.get(f"{BASE}/{made.pk}/letters/").content.decode()
    fresh = client.get(f"{BASE}/new/").content.decode()
    assert f'<option value="{by.user}" selected>' in fresh


def test_events_name_the_campaign_of_a_letter_without_a_subject(willing: Make, ready: Ready, by: Actor, client: Client) -> None:
    party, made = willing("Anna"), ready("Осень")
    at = timezone.now() - timedelta(hours=1)
    record_entries([EntryDraft(party.pk, "letter", at, way="email", source=made.source)], by=by)
    page = client.get("/c/romashka/events/").content.decode()
    table = page[page.index("<tbody") : page.index("</tbody>")]
    assert "Осень" in table
    assert ">Letter</span>" in table
