"""What earlier campaigns let one expect: chosen by themselves or by hand, with n; proposed for the plan, kept at the launch, shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dialogue.customers.channels.mailings import cancel_mailing
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.actions import record_entries
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.marketing.campaigns.actions import Cost, create_campaign, set_costs
from dialogue.marketing.campaigns.launching import finish_campaign, launch_campaign, mailing_of
from dialogue.marketing.campaigns.models import Campaign, Run
from dialogue.marketing.campaigns.reference import (
    Reference,
    choose_reference,
    chosen_for,
    plan_by_reference,
    reference_of,
)
from dialogue.marketing.campaigns.results import measure
from dialogue.marketing.campaigns.telling import plan_of, reference_words
from dialogue.marketing.policy.actions import change_policy
from dialogue.platform.accounts.actions import make_key
from dialogue.selling.purchases.actions import LineDraft, PurchaseDraft, record_purchases
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]
Ready = Callable[..., Campaign]


@pytest.fixture
def finished(ready: Ready, willing: Make, by: Actor) -> Callable[..., Campaign]:
    """Makes a finished campaign to four people, of whom one answered and one bought for 300; it cost 40."""
    change_policy(by=by, cap=50)
    people = [willing(f"P{number}") for number in range(4)]

    def make(name: str, **fields: object) -> Campaign:
        made = ready(name, **fields)
        set_costs(made, [Cost("Print", spent=Decimal(40))], by=by)
        run = launch_campaign(made, by=by)
        record_entries([EntryDraft(people[0].pk, "reply", timezone.now(), source=made.source, way="email")], by=by)
        line = LineDraft(product=None, name="Coat", quantity=Decimal(1), price=Decimal(300))
        bought = PurchaseDraft(at=timezone.now(), currency=made.currency, external_id=name, party=people[1].pk, lines=[line])
        record_purchases([bought], by=by)
        mailing = mailing_of(made)
        assert mailing is not None
        cancel_mailing(mailing, by=by)
        Run.objects.filter(pk=run.pk).update(frozen_at=run.frozen_at - timedelta(hours=1))
        return finish_campaign(made, by=by)

    return make


def test_finished_campaigns_give_rates_with_their_n(finished: Callable[..., Campaign]) -> None:
    found = reference_of([finished("One"), finished("Two")])
    assert (found.reached, found.answered, found.cost) == (8, 2, 80.0)
    assert found.income == pytest.approx(1200.0)  # two purchases within the periods of both
    assert found.expected(16) == {"people": 16, "responses": 4.0, "deals": 0.0, "revenue": 2400.0, "cost": 160.0}
    assert "n = 8" in reference_words(found)
    assert "25" in reference_words(found)
    assert Reference.of(found.kept()) == found
    assert reference_words(reference_of([])) == ""


def test_same_goal_comes_before_the_newest_and_the_hand_before_both(finished: Callable[..., Campaign], by: Actor) -> None:
    win, other = finished("Win", goal="Win  back"), finished("Other", goal="Sell")
    row = create_campaign("New", by=by, goal="win back")
    assert chosen_for(row, by) == [win]
    row.goal = "Something new"
    assert chosen_for(row, by) == [other, win]
    row = choose_reference(row, [other.pk], by=by)
    assert chosen_for(row, by) == [other]
    with pytest.raises(InvalidInput):
        choose_reference(row, [row.pk], by=by)


def test_empty_lines_of_the_plan_are_filled(finished: Callable[..., Campaign], ready: Ready, by: Actor) -> None:
    lonely = create_campaign("Lonely", by=by)
    with pytest.raises(Conflict):
        plan_by_reference(lonely, by=by)
    finished("Before")
    made = ready("New", plan_responses=7)
    filled = plan_by_reference(made, by=by)
    assert (filled.plan_people, filled.plan_responses, filled.plan_revenue, filled.plan_cost) == (4, 7, 300, 40)


def test_reference_is_kept_at_the_launch_and_stands_beside_plan_and_fact(
    finished: Callable[..., Campaign], ready: Ready, by: Actor, client: Client
) -> None:
    finished("Before")
    made = ready("New", plan_people=8)
    page = client.get(f"/c/romashka/campaigns/{made.pk}/plan/").content.decode()
    assert "as before" in page
    assert "Fill the empty lines as before" in page
    assert client.post(f"/c/romashka/campaigns/{made.pk}/do/plan-by-past/").status_code == 302
    run = launch_campaign(made, by=by)
    finished("Later")
    run.refresh_from_db()
    kept = Reference.of(run.reference)
    assert list(kept.names) == ["Before"]
    made.refresh_from_db()
    lines = {one.label: one for one in plan_of(made, measure(made, run), kept)}
    assert (lines["People reached"].plan, lines["People reached"].expected, lines["People reached"].fact) == ("8", "4", "4")
    with CaptureQueriesContext(connection) as asked:
        result = client.get(f"/c/romashka/campaigns/{made.pk}/").content.decode()
    assert "as before" in result
    assert sum(one["sql"].startswith(("SELECT", "WITH")) for one in asked) < 20
    with pytest.raises(Conflict):
        choose_reference(made, [], by=by)


def test_api_tells_and_sets_the_reference(finished: Callable[..., Campaign], by: Actor, cast: Cast, client: Client) -> None:
    before = finished("Before")
    row = create_campaign("New", by=by)
    _key, secret = make_key("machine", by=by, scopes=["*"], user=cast.owner)
    heads = {"authorization": f"Bearer {secret}"}
    path = f"/api/v1/campaigns/{row.pk}"
    assert client.get(f"{path}/reference", headers=heads).json()["names"] == ["Before"]
    given = json.dumps({"reference": [before.pk]})
    assert client.patch(path, given, content_type="application/json", headers=heads).status_code == 200
    row.refresh_from_db()
    assert row.reference == [before.pk]


def test_form_chooses_campaigns_to_compare_with(finished: Callable[..., Campaign], by: Actor, client: Client) -> None:
    before = finished("Before")
    row = create_campaign("New", by=by)
    path = f"/c/romashka/campaigns/{row.pk}/edit/"
    assert "Compare with chosen campaigns" in client.get(path).content.decode()
    assert client.post(path, {"name": "New", "test": "none", "reference": [before.pk]}).status_code == 302
    row.refresh_from_db()
    assert row.reference == [before.pk]
    assert client.post(path, {"name": "New", "test": "none", "reference": [row.pk]}).status_code == 422
