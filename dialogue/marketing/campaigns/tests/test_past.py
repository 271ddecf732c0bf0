"""Campaigns of the time before Dialogue: listed from what was imported, taken over by page and API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.actions import create_source
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.kit.actors import Actor
from dialogue.marketing.campaigns.actions import create_campaign
from dialogue.marketing.campaigns.models import Campaign, CampaignState, Person, Run
from dialogue.marketing.campaigns.results import measure
from dialogue.platform.accounts.actions import make_key
from tests.cast import Cast

pytestmark = pytest.mark.django_db
PAGE = "/c/romashka/campaigns/past/"
Make = Callable[..., Party]


def told(name: str, by: Actor, people: list[Party], answered: list[Party]) -> Source:
    """What an import of answers writes."""
    source = create_source(name=name, by=by)
    touches = [
        EntryDraft(party=one.pk, kind="campaign", at=datetime(2020, 3, day, 9, tzinfo=UTC), subject=name, source=source.pk)
        for day, one in enumerate(people, 1)
    ]
    ids = dict(zip([one.pk for one in people], record_entries(touches, by=by, cause="import"), strict=True))
    answers = [
        EntryDraft(party=one.pk, kind="accepted", at=datetime(2020, 3, 20, tzinfo=UTC), source=source.pk, touch=ids[one.pk])
        for one in answered
    ]
    record_entries(answers, by=by, cause="import")
    return source


def test_a_campaign_of_the_past_gets_its_page_and_its_funnel(client: Client, by: Actor, willing: Make) -> None:
    people = [willing(f"Person{number}") for number in range(5)]
    source = told("Весна 2020", by, people, people[:2])
    other = told("Лето 2020", by, people[:1], [])
    create_campaign("Осень", by=by)
    page = client.get(PAGE).content.decode()
    assert page.count('name="sources"') == 2
    answer = client.post(PAGE, {"sources": [source.pk]})
    made = Campaign.objects.get(source=source.pk)
    assert (answer.status_code, answer["Location"]) == (302, f"/c/romashka/campaigns/{made.pk}/")
    assert (made.state, str(made.starts_on), str(made.ends_on)) == (CampaignState.DONE, "2020-03-01", "2020-03-05")
    found = measure(made, Run.objects.get(campaign=made))
    assert (found.addressed, found.included, found.held_out, found.answered) == (5, 5, 0, 2)
    shown = client.get(answer["Location"]).content.decode()
    assert "Весна 2020" in shown
    assert "Letters taken by the servers" not in shown
    assert sorted(Person.objects.values_list("party_id", flat=True)) == sorted(one.pk for one in people)
    assert f'value="{other.pk}"' in client.get(PAGE).content.decode()
    assert f'value="{source.pk}"' not in client.get(PAGE).content.decode()


def test_what_is_no_campaign_of_the_past_is_refused_and_nothing_is_made(client: Client, by: Actor, willing: Make) -> None:
    source = told("Весна 2020", by, [willing("Anna")], [])
    never = create_source(name="Никого", by=by)
    for sources in ([], [never.pk], [source.pk, never.pk], [10**15]):
        answer = client.post(PAGE, {"sources": sources})
        assert answer.status_code == 422, sources
        assert "Choose campaigns of the list." in answer.content.decode()
    assert not Campaign.objects.exists()


def test_two_of_one_name_stay_apart(client: Client, by: Actor, willing: Make) -> None:
    create_campaign("Весна 2020 ", by=by, source=create_source(name="Чужая", by=by).pk)
    source = told("Весна 2020", by, [willing("Anna")], [])
    client.post(PAGE, {"sources": [source.pk]})
    assert Campaign.objects.get(source=source.pk).name == "Весна 2020 (2)"


def test_only_who_plans_campaigns_takes_them_over(cast: Cast, by: Actor, willing: Make) -> None:
    told("Весна 2020", by, [willing("Anna")], [])
    seller = Client()
    seller.force_login(cast.seller)
    assert seller.get(PAGE).status_code == 403
    assert seller.post(PAGE, {"sources": [1]}).status_code == 403
    stranger = Client()
    stranger.force_login(cast.stranger)
    assert stranger.get(PAGE).status_code == 404


def test_the_api_lists_and_takes_over(cast: Cast, by: Actor, willing: Make) -> None:
    source = told("Весна 2020", by, [willing("Anna"), willing("Boris")], [])
    _key, secret = make_key("machine", by=by, scopes=["*"], user=cast.owner)
    asked = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    listed = Client().get("/api/v1/past-campaigns", **asked).json()
    assert listed == [
        {"source": source.pk, "name": "Весна 2020", "people": 2, "starts_on": "2020-03-01", "ends_on": "2020-03-02"}
    ]
    made = Client().post("/api/v1/past-campaigns", {"sources": [source.pk]}, content_type="application/json", **asked)
    assert (made.status_code, made.json()[0]["state"]) == (201, "done")
    again = Client().post("/api/v1/past-campaigns", {"sources": [source.pk]}, content_type="application/json", **asked)
    assert again.status_code == 422
