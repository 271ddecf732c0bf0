"""Campaigns through their pages: planned in a form, written, seen, launched in a dialog, read as a result."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.actions import record_response
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.marketing.campaigns import preparing
from dialogue.marketing.campaigns.actions import Cost, change_campaign, set_costs
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, Content, CostLine, Person, Run
from dialogue.marketing.campaigns.results import Group, Result, measure
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.segments.actions import create_segment
from dialogue.platform.audit.models import Entry as AuditEntry
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.mail.models import StoredLetter
from dialogue.selling.purchases.actions import LineDraft, PurchaseDraft, record_purchases
from tests.cast import Cast, a_person

pytestmark = pytest.mark.django_db
BASE = "/c/romashka/campaigns"
Make = Callable[..., Party]
Ready = Callable[..., Campaign]


def said(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def bought(person: Party, amount: int, *, days: int = 0, currency: str = "") -> None:
    from dialogue.kit.actors import system_actor
    from dialogue.platform.tenants.models import Tenant

    company = Tenant.objects.get(pk=person.tenant_id)
    line = LineDraft(product=None, name="Goods", quantity=Decimal(1), price=Decimal(amount))
    draft = PurchaseDraft(
        at=timezone.now() + timedelta(days=days), currency=currency or company.currency, party=person.pk, lines=[line]
    )
    record_purchases([draft], by=system_actor(company.pk))


def test_campaign_is_planned_in_one_form(cast: Cast, client: Client, by: Actor) -> None:
    segment = create_segment("Рязанцы", {"all": []}, by=by)
    form = {
        "name": "Осень", "goal": "Вернуть", "starts_on": "2026-10-01", "ends_on": "2026-10-31", "plan_people": "1 200",
        "plan_revenue": "100 000,50", "hold_out": "10", "test": "subject", f"segment.{segment.code}": "include",
        "cost_label": ["Дизайн", ""], "cost_planned": ["500", ""], "cost_spent": ["", ""], "cost_on": ["2026-10-02", ""],
    }  # fmt: skip
    answer = client.post(f"{BASE}/new/", form)
    made = Campaign.objects.get()
    assert answer.headers["Location"].endswith(f"/campaigns/{made.pk}/letters/")
    assert (made.plan_people, made.plan_revenue, made.hold_out, made.test) == (1200, Decimal("100000.50"), 10, "subject")
    assert CampaignSegment.objects.get().segment == segment
    assert (CostLine.objects.get().label, CostLine.objects.get().planned) == ("Дизайн", 500)
    page = said(client.get(f"{BASE}/{made.pk}/").content.decode())
    assert "Рязанцы" in page
    assert "10 % of those who could be reached, as was set." in page
    assert "Осень" in said(client.get(f"{BASE}/").content.decode())


def test_wrong_form_comes_back_with_its_words_and_saves_nothing(client: Client) -> None:
    form = {"name": "", "plan_people": "many", "ends_on": "2026-10-31", "goal": "Вернуть"}
    answer = client.post(f"{BASE}/new/", form)
    assert answer.status_code == 422
    assert "Give a number that is not below zero." in answer.content.decode()
    assert "Вернуть" in answer.content.decode()
    answer = client.post(f"{BASE}/new/", {"name": "", "starts_on": "2026-11-01", "ends_on": "2026-10-31"})
    assert "The end must not lie before the start." in answer.content.decode()
    assert not Campaign.objects.exists()


def test_letter_is_written_seen_as_its_reader_and_sent_as_a_test(
    willing: Make, ready: Ready, client: Client, cast: Cast
) -> None:
    person = willing("Anna")
    made = ready()
    path = f"{BASE}/{made.pk}/letters/"
    client.post(
        path, {"arm": "a", "language": "", "version": "1", "subject": "Hi {{name}}", "body": "**See** https://example.org/"}
    )
    assert Content.objects.get().subject == "Hi {{name}}"
    form = {"subject": "Hi {{name}}", "body": "Dear {{name}}", "reader": str(person.pk)}
    shown = client.post(f"{BASE}/{made.pk}/preview/", form).content.decode()
    assert "Hi Anna" in shown
    assert "Dear Anna" in shown
    assert 'srcdoc="&lt;!doctype html&gt;\n&lt;html lang=&quot;' in shown
    client.post(f"{BASE}/{made.pk}/preview/", form | {"test": "1"})
    assert StoredLetter.objects.get().subject == "Test: Hi Anna"
    wrong = client.post(f"{BASE}/{made.pk}/preview/", form | {"body": "{{nickname}}"}).content.decode()
    assert "nickname" in wrong
    assert StoredLetter.objects.count() == 1


def test_letter_changed_by_somebody_meanwhile_is_not_overwritten(
    willing: Make, ready: Ready, client: Client, by: Actor
) -> None:
    willing("Anna")
    made = ready()
    change_policy(by=by, start=0, end=24)
    launch_campaign(made, by=by)
    path = f"{BASE}/{made.pk}/letters/"
    client.post(path, {"arm": "a", "language": "", "version": "1", "subject": "Second", "body": "Text"})
    answer = client.post(path, {"arm": "a", "language": "", "version": "1", "subject": "Third", "body": "Text"})
    assert answer.status_code == 422
    assert list(Content.objects.order_by("version").values_list("subject", flat=True)) == ["News for {{name}}", "Second"]


def test_dialog_says_who_is_reached_and_left_out_before_the_button(
    willing: Make, ready: Ready, client: Client, cast: Cast
) -> None:
    willing("Anna")
    willing("Boris")
    a_person(cast, "Unasked", email="unasked@example.org")
    made = ready()
    dialog = said(client.get(f"{BASE}/{made.pk}/launch/").content.decode())
    assert (
        "In the segments 3 Get the letter 2 Held out 0 Nobody: below 500 people a group held out is too small to show anything. Left out 1 No consent is recorded 1"
        in dialog
    )
    assert "Nobody: below 500 people" in dialog
    assert not Person.objects.exists()
    answer = client.post(f"{BASE}/{made.pk}/launch/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/c/romashka/campaigns/{made.pk}/")
    assert Campaign.objects.get().state == "running"
    people = said(client.get(f"{BASE}/{made.pk}/people/").content.decode())
    assert "Left out: no consent to offers and news by e-mail is recorded." in people
    only = said(client.get(f"{BASE}/{made.pk}/people/?decision=3&reason=5").content.decode())
    assert "Unasked" in only
    assert "Boris" not in only


def test_dialog_that_finds_something_wrong_cannot_launch(ready: Ready, client: Client) -> None:
    made = ready()
    dialog = client.get(f"{BASE}/{made.pk}/launch/").content.decode()
    assert "Nobody would get the letter" in dialog
    assert re.search(r"<button class=\"btn main\" disabled", dialog)
    assert client.post(f"{BASE}/{made.pk}/launch/").status_code == 422
    assert not Run.objects.exists()


def test_card_says_why_the_customer_was_left_out(willing: Make, ready: Ready, client: Client, cast: Cast, by: Actor) -> None:
    willing("Anna")
    left = a_person(cast, "Silent")
    change_policy(by=by, start=0, end=24)
    launch_campaign(ready(), by=by)
    card = said(client.get(f"/c/romashka/contacts/{left.pk}/").content.decode())
    assert "Left out: there is no e-mail address on the card." in card


def test_result_shows_the_funnel_money_and_plan_beside_fact(
    willing: Make, ready: Ready, client: Client, by: Actor, cast: Cast
) -> None:
    people = [willing(f"P{number}") for number in range(4)]
    change_policy(by=by, start=0, end=24)
    made = ready(plan_people=5, plan_revenue=Decimal(400))
    set_costs(made, [Cost("Дизайн", Decimal(50), Decimal(60))], by=by)
    bought(people[0], 900, days=-2)
    launch_campaign(made, by=by)
    send_due()
    touch = Entry.objects.get(party=people[0], side="out")
    record_response(people[0], kind="link_followed", by=by, touch=touch)
    # A complaint is heard, and is no answer that a campaign may boast of.
    record_response(people[2], kind="marked_spam", by=by, touch=Entry.objects.get(party=people[2], side="out"))
    bought(people[0], 300)
    bought(people[0], -100)
    bought(people[1], 999, currency="XTS")
    run = Run.objects.get()
    result = measure(Campaign.objects.get(), run)
    assert (result.sent, result.answered, result.heard) == (4, 1, {"bought": 1, "link_followed": 1, "marked_spam": 1})
    assert (result.reached.n, result.reached.buyers, result.reached.total) == (4, 1, 200.0)
    assert (result.cost, result.cost_per(result.answered)) == (60, 60)
    assert result.effect is None
    customers, total = result.attributed(made.currency)
    assert (customers, total) == (1, 200)
    page = said(client.get(f"{BASE}/{made.pk}/").content.decode())
    assert "nobody was held out" in page
    assert "Followed a link 1" in page
    assert "Purchase the customer answered shortly before 2 " in page
    assert "People reached 5 4" in page


def test_kept_result_comes_back_whole_and_a_wrong_split_is_told() -> None:
    made = Result(
        at="2026-10-01T10:00:00+00:00", since="2026-09-01T00:00:00+00:00", until="2026-10-01T00:00:00+00:00", included=900,
        held_out=200, hold_out=10, arms={"a": Group(900, 90, 9000.0, 2e6)}, held=Group(200, 10, 1000.0, 1e5),
    )  # fmt: skip
    again = Result.of(made.kept())
    assert again == made
    assert again.is_split_right is False
    assert Result.of(made.kept() | {"held_out": 100}).is_split_right is True
    effect, gain = again.effect, again.gain
    assert effect is not None
    assert gain is not None
    assert effect.estimate == pytest.approx(5.0)
    assert gain.estimate == pytest.approx(4500.0)
    assert effect.low < 5 < effect.high


def test_verbs_move_the_campaign_and_stand_in_the_history(willing: Make, ready: Ready, client: Client, by: Actor) -> None:
    willing("Anna")
    change_policy(by=by, start=0, end=24)
    made = ready()
    launch_campaign(made, by=by)
    for verb, state in (("pause", "paused"), ("resume", "running"), ("finish", "running"), ("cancel", "cancelled")):
        client.post(f"{BASE}/{made.pk}/do/{verb}/")
        assert Campaign.objects.get().state == state, verb
    events = set(AuditEntry.objects.filter(subject_kind="campaigns.campaign").values_list("event", flat=True))
    assert {"campaign.launched", "campaign.paused", "campaign.resumed", "campaign.cancelled"} <= events
    client.post(f"{BASE}/{made.pk}/do/delete/")
    assert not Campaign.objects.exists()


def test_policy_page_changes_the_policy_and_refuses_nonsense(client: Client) -> None:
    path = "/c/romashka/settings/policy/"
    assert client.post(path, {"cap": "2", "days": "10", "start": "9", "end": "18"}).status_code == 302
    assert 'value="10"' in client.get(path).content.decode()
    wrong = client.post(path, {"cap": "0", "days": "10", "start": "9", "end": "8"})
    assert wrong.status_code == 422
    assert "from 1 to 100" in wrong.content.decode()


def test_large_campaign_is_counted_by_a_job_before_the_dialog_shows_it(
    willing: Make, ready: Ready, client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    willing("Anna")
    willing("Boris")
    made = ready()
    monkeypatch.setattr(preparing, "FEW", 1)
    path = f"{BASE}/{made.pk}/launch/"
    first = client.get(path).content.decode()
    assert "Counting whom it would reach" in first
    assert not Job.objects.exists()
    client.post(path, {"count": "1"})
    client.post(path, {"count": "1"})
    job = Job.objects.get()
    run_job(cast.company.pk, job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    dialog = said(client.get(path).content.decode())
    assert "Get the letter 2" in dialog
    client.post(path, headers={"HX-Request": "true"})
    launch = Job.objects.exclude(pk=job.pk).get()
    run_job(cast.company.pk, launch.pk)
    assert Campaign.objects.get().state == "running"


def test_counts_of_a_campaign_changed_meanwhile_are_not_shown(
    willing: Make, ready: Ready, by: Actor, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    willing("Anna")
    made = ready()
    monkeypatch.setattr(preparing, "FEW", 0)
    job = preparing.prepare_soon(made, by=by)
    run_job(cast.company.pk, job.pk)
    kept = preparing.kept_of(Campaign.objects.get())
    assert kept is not None
    assert kept.audience.included == 1
    change_campaign(made, by=by, hold_out=50)
    assert preparing.kept_of(Campaign.objects.get()) is None


def test_first_page_shows_campaigns_that_are_going(willing: Make, ready: Ready, by: Actor, client: Client) -> None:
    willing("Anna")
    made = ready()
    assert "Campaigns that are going" not in client.get("/c/romashka/").content.decode()
    launch_campaign(made, by=by)
    page = said(client.get("/c/romashka/").content.decode())
    assert "Осень running 1 person reached" in page
