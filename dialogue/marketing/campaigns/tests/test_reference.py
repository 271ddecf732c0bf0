"""What earlier campaigns let one expect: chosen by themselves or by hand, with n; proposed for the plan, kept at the launch, shown."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from python_calamine import CalamineWorkbook

from dialogue.customers.channels.mailings import cancel_mailing
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.actions import record_entries
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.marketing.campaigns.actions import Cost, create_campaign, set_costs
from dialogue.marketing.campaigns.launching import finish_campaign, launch_campaign, mailing_of
from dialogue.marketing.campaigns.models import Campaign, Run
from dialogue.marketing.campaigns.paper import data_of, pdf_of
from dialogue.marketing.campaigns.reference import (
    Reference,
    choose_reference,
    chosen_for,
    plan_by_reference,
    reference_of,
)
from dialogue.marketing.campaigns.results import measure
from dialogue.marketing.campaigns.steps import Came
from dialogue.marketing.campaigns.telling import plan_of, reference_words, steps_of
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
    assert "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}8" in reference_words(found)
    assert "25" in reference_words(found)
    assert Reference.of(found.kept()) == found
    assert found.steps["answered"] == {"share": 0.25, "n": 2}
    assert found.at("answered") is None  # of fewer than three campaigns no median is told
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


def sheet_of(book: bytes, title: str) -> list[list[object]]:
    """The lines of the sheet whose first cell is the title, read back."""
    read = CalamineWorkbook.from_filelike(io.BytesIO(book))
    sheets = [read.get_sheet_by_name(name).to_python() for name in read.sheet_names]
    return next(lines for lines in sheets if lines[0][0] == title)


def test_steps_stand_beside_what_earlier_campaigns_came_to(
    finished: Callable[..., Campaign], ready: Ready, by: Actor, client: Client, cast: Cast
) -> None:
    for name in ("One", "Two", "Three"):
        finished(name)
    made = ready("New")
    run = launch_campaign(made, by=by)
    kept = Reference.of(run.reference)
    assert (kept.at("included"), kept.at("answered"), kept.at("bought"), kept.at("opened")) == (1.0, 0.25, 0.25, None)
    result = measure(made, run)
    steps = {one.label: one for one in steps_of(made, result, kept)}
    assert (steps["Answered in any way"].before, steps["Answered in any way"].rate) == (
        "1",
        "25\N{NO-BREAK SPACE}% · n = 3",
    )
    assert steps["In the segments"].before == ""
    page = client.get(f"/c/romashka/campaigns/{made.pk}/").content.decode()
    assert "the median share of 3 earlier campaigns" in page
    assert "key-before" in page
    printed = data_of(made, run, result, cast.company)
    assert printed["compared"] is True
    assert "the median share of 3 earlier campaigns" in printed["hints"][0]
    assert pdf_of(made, run, result, cast.company).startswith(b"%PDF-")
    book = client.get(f"/c/romashka/campaigns/{made.pk}/result.xlsx").content
    funnel = {line[0]: line[1:] for line in sheet_of(book, "New")}
    assert funnel["Step"] == ["people", "plan", "As before", "median share", "campaigns"]
    assert funnel["Answered in any way"] == [0, "", 1, 0.25, 3]
    before = {line[0]: line[1:] for line in sheet_of(book, "As before")}
    assert before["People reached"] == ["", 4, 4]
    assert before["Costs"][1] == 40
    assert before["Earlier campaigns, people reached"][1] == 12
    assert before["Share that answered"][1] == 0.25
    assert {line[1] for line in sheet_of(book, "As before") if line[0] == "Compared with"} == {"One", "Two", "Three"}


def test_page_says_why_no_step_is_compared(finished: Callable[..., Campaign], ready: Ready, by: Actor, client: Client) -> None:
    first = ready("First")
    launch_campaign(first, by=by)
    path = f"/c/romashka/campaigns/{first.pk}/"
    assert "there was no finished campaign to compare the steps with" in client.get(path).content.decode()
    finished("Before")
    made = ready("New")
    run = launch_campaign(made, by=by)
    page = client.get(f"/c/romashka/campaigns/{made.pk}/").content.decode()
    assert "1 earlier campaign is too few for steps, 3 are needed" in page
    assert "key-before" not in page
    Run.objects.filter(pk=run.pk).update(reference={**run.reference, "steps": {}})
    assert "steps were not compared yet" in client.get(f"/c/romashka/campaigns/{made.pk}/").content.decode()


def test_unrecorded_steps_of_the_past_are_unknown_not_nothing(finished: Callable[..., Campaign]) -> None:
    run = Run.objects.select_related("campaign").get(campaign=finished("One"))
    live = Came(run, addressed=10, included=8, sent=8)
    assert live.shares() == {
        "included": 0.8, "sent": 1.0, "followed": 0.0, "answered": 0.0, "deals": 0.0, "attributed": 0.0, "bought": 0.0,
    }  # fmt: skip
    run.seed = ""
    assert Came(run, addressed=10, included=8, bought=2).shares() == {"included": 0.8, "bought": 0.25}
