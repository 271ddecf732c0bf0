"""How many queries each page asks: a page that begins to ask more shows in the review, in one file of numbers."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dialogue.customers.channels.actions import suppress_address
from dialogue.customers.parties.actions import create_party
from dialogue.customers.parties.details import record_consent
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.actions import change_campaign, choose_segments, create_campaign, write_content
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.picking import pick_people
from dialogue.platform.embedded.backend.base import DatabaseWrapper
from dialogue.platform.jobs.models import Job
from dialogue.selling.deals.actions import create_deal
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.promotions.actions import SeriesDraft, create_series
from tests.guards.conftest import House, client_of
from tests.guards.test_walk import MEMBERS

NUMBERS = Path(__file__).with_name("queries.json")
# What every request asks: session, person, company, place, roles, the transaction's scope.
MOST = 30
# One panel more is not a loop; the numbers are written anew when a page changes on purpose.
SLACK = 3


# Statements sent together are one turn: PostgreSQL answers them without a way there and back for each (decision 0049).
MOST_TURNS = 10
UNASKED = ("SAVEPOINT", "RELEASE")


def measure(house: House, together: list[int], paths: Sequence[str] = MEMBERS) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many statements each page asks, and in how many turns."""
    client = client_of(house.cast.owner)
    counted, turns = {}, {}
    for path in paths:
        address = f"/c/romashka/{house.fill(path)}"
        if client.get(address).status_code != 200:
            continue
        together.clear()
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        name = path or "/"
        counted[name] = sum(1 for one in asked if not one["sql"].lstrip().upper().startswith(UNASKED))
        turns[name] = counted[name] - sum(number - 1 for number in together)
    return counted, turns


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each turn of several took."""
    numbers: list[int] = []
    asking = DatabaseWrapper.asking

    def noting(self: DatabaseWrapper, asked: Sequence[Any], *more: Any, **named: Any) -> Any:
        numbers.append(len(asked))
        return asking(self, asked, *more, **named)

    monkeypatch.setattr(DatabaseWrapper, "asking", noting)
    return numbers


def refuse_slow(turns: dict[str, int]) -> None:
    slow = {path: count for path, count in turns.items() if count > MOST_TURNS}
    assert not slow, (
        f"Above {MOST_TURNS} turns to the database: {slow}. Send what belongs together by read_together or join it."
    )


def test_pages_ask_no_more_than_before(house: House, together: list[int]) -> None:
    counted, turns = measure(house, together)
    refuse_slow(turns)
    if os.environ.get("DIALOGUE_WRITE_SNAPSHOTS"):
        NUMBERS.write_text(json.dumps(counted, indent=1, sort_keys=True) + "\n")
    kept = json.loads(NUMBERS.read_text())
    more = {path: f"{kept[path]} → {count}" for path, count in counted.items() if path in kept and count > kept[path] + SLACK}
    assert not more, (
        f"Pages ask more: {more}. Join or prefetch, or DIALOGUE_WRITE_SNAPSHOTS=1 pytest tests/guards/test_queries.py."
    )
    far = {path: count for path, count in counted.items() if count > MOST}
    assert not far, f"Above {MOST} queries: {far}."


CAMPAIGN = [path for path in MEMBERS if path.startswith(("campaigns/<int:pk>/", "segments/<int:pk>/", "coupons/<int:pk>/"))]


def fill_campaign(house: House) -> None:
    """Give the campaign of the house all a campaign can have: people, segments with letters of their own, arms, coupons."""
    by = house.cast.actor(house.cast.owner)
    people = [
        create_party(NewParty(kind="person", name=f"N{n}", contacts=[Contact("email", f"n{n}@mail.ro")]), by=by)
        for n in range(8)
    ]
    for one in people:
        record_consent(one, channel="email", state="given", by=by, source="test")
    suppress_address("n7@mail.ro", by=by)
    row = Campaign.objects.get(pk=house.ids["campaigns"])
    segments = [create_segment(f"S{n}", {"field": "kind", "is": "person"}, by=by) for n in range(3)]
    pick_people(segments[0], [people[0].pk], "out", by=by)
    choose_segments(row, [one.code for one in segments[:2]], [segments[2].code], by=by)
    pick_people(segments[2], [one.pk for one in people[1:]], "out", by=by)
    coupons = create_series(SeriesDraft(name="All", code="ALL10", limit=100), by=by)
    change_campaign(row, by=by, hold_out=50, test="body", coupons=coupons.pk, priority=2)
    for letter in (0, *CampaignSegment.objects.filter(campaign=row).addressed().values_list("number", flat=True)):
        for arm in "ab":
            write_content(row, by=by, subject="a", body="{{coupon}}", arm=arm, letter=letter)
    other = create_campaign("Other", by=by, priority=3)
    choose_segments(other, [segments[0].code], by=by)
    write_content(other, by=by, subject="a", body="b")
    launch_campaign(other, by=by)


def test_pages_of_a_full_campaign_ask_no_more_turns(house: House, together: list[int]) -> None:
    with transaction.atomic(), tenant_scope(house.cast.company.pk):
        fill_campaign(house)
    _counted, turns = measure(house, together, CAMPAIGN)
    assert "campaigns/<int:pk>/launch/" in turns
    refuse_slow(turns)
    with transaction.atomic(), tenant_scope(house.cast.company.pk):
        by = house.cast.actor(house.cast.owner)
        launch_campaign(Campaign.objects.get(pk=house.ids["campaigns"]), by=by)
    _counted, turns = measure(house, together, CAMPAIGN)
    assert "campaigns/<int:pk>/people/" in turns
    refuse_slow(turns)


@pytest.mark.parametrize("path", ["contacts/", "deals/", "jobs/"])
def test_lists_ask_the_same_for_many_rows(house: House, path: str) -> None:
    client = client_of(house.cast.owner)
    address = f"/c/romashka/{path}"
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    with transaction.atomic(), tenant_scope(house.cast.company.pk):
        by = house.cast.actor(house.cast.owner)
        for number in range(8):
            party = create_party(NewParty(kind="person", name=f"Person {number}"), by=by)
            create_deal(NewDeal(title=f"Deal {number}", contact=party.pk), by=by)
            Job.objects.create(kind="audit.action", title="x", actor=house.cast.owner.pk)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) <= len(few) + 1, [one["sql"][:120] for one in many]
