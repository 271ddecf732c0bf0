"""Freezing the people of a campaign: every decision has its reason, arms can be computed again, the policy counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from dialogue.customers.channels.actions import suppress_address
from dialogue.customers.channels.models import Delivery, State
from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.details import mark_contact_point, record_consent
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.merging import merge_parties
from dialogue.customers.parties.models import Consent, ContactPoint, Party
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput, NotPermitted
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.actions import choose_segments, create_campaign
from dialogue.marketing.campaigns.freezing import Audience, count_audience, freeze_people
from dialogue.marketing.campaigns.models import Campaign, Decision, Person, Reason, Run
from dialogue.marketing.campaigns.rules import arm_of, held_out_of, is_held_out
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.picking import pick_people
from dialogue.platform.accounts.models import User
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db
EVERYBODY = {"all": []}


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    User.objects.filter(pk__in=[made.owner.pk, made.seller.pk, made.manager.pk]).update(language="en")
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


def willing(cast: Cast, name: str, **fields: object) -> Party:
    """Return a person who has an address and has agreed to offers."""
    fields.setdefault("email", f"{name.lower()}@example.org")
    made = a_person(cast, name, **fields)
    record_consent(made, channel="email", state="given", by=cast.actor(cast.owner), source="test")
    return made


def addressed(by: Actor, name: str = "Осень", tree: object = None, **fields: object) -> Campaign:
    segment = create_segment(f"Для {name}", tree or EVERYBODY, by=by)
    made = create_campaign(name, by=by, **fields)
    choose_segments(made, [segment.code], by=by)
    return made


def frozen(campaign: Campaign, seed: str = "seed") -> tuple[Run, Audience]:
    run = Run.objects.create(campaign=campaign, seed=seed, number=Run.objects.filter(campaign=campaign).count() + 1)
    return run, freeze_people(campaign, run)


def why(run: Run) -> dict[str, str]:
    """Return `{name: the decision, and why}`."""
    names = dict(Party.objects.values_list("pk", "name"))
    rows = Person.objects.filter(run_id=run.pk)
    return {names[one.party_id]: Reason(one.reason).name if one.reason else Decision(one.decision).name for one in rows}


def many(by: Actor, count: int) -> list[int]:
    """Create so many willing people."""
    ids = create_parties(
        [NewParty(kind="person", name=f"P{n}", contacts=[Contact("email", f"p{n}@example.org")]) for n in range(count)], by=by
    )
    Consent.objects.bulk_create([Consent(party_id=pk, channel="email", state="given") for pk in ids])
    return list(ids)


def test_each_person_is_decided_about_with_the_first_reason_that_holds(cast: Cast, by: Actor) -> None:
    willing(cast, "Reached")
    a_person(cast, "Silent")
    returned = willing(cast, "Returned")
    for point in ContactPoint.objects.filter(party=returned):
        mark_contact_point(point, bad=True, by=by)
    willing(cast, "Stopped")
    suppress_address("stopped@example.org", by=by)
    refused = willing(cast, "Refused")
    record_consent(refused, channel="email", state="withdrawn", by=by, source="test")
    a_person(cast, "Unasked", email="unasked@example.org")
    willing(cast, "First", email="house@example.org")
    willing(cast, "Second", email="House@example.org")
    capped = willing(cast, "Capped")
    for _number in range(3):
        Delivery.objects.create(party=capped, purpose="marketing", address="x@example.org")
    run, counted = frozen(addressed(by))
    assert why(run) == {
        "Reached": "INCLUDED", "Silent": "NO_ADDRESS", "Returned": "BAD_ADDRESS", "Stopped": "STOP_LIST",
        "Refused": "REFUSED", "Unasked": "NO_CONSENT", "First": "INCLUDED", "Second": "DUPLICATE", "Capped": "CAP",
    }  # fmt: skip
    assert (counted.included, counted.held_out, counted.excluded) == (2, 0, 7)
    assert Audience.of_run(Run.objects.get(pk=run.pk)).reasons == dict.fromkeys(range(1, 8), 1)


def test_excluded_segment_and_hand_picks_decide_whom_the_campaign_addresses(cast: Cast, by: Actor) -> None:
    anna, boris, vera = (willing(cast, name) for name in ("Anna", "Boris", "Vera"))
    Party.objects.filter(pk__in=[anna.pk, boris.pk]).update(city="Рязань")
    ryazan = create_segment("Рязанцы", {"field": "city", "is": "Рязань"}, by=by)
    pick_people(ryazan, [vera.pk], "in", by=by)
    kept = create_segment("Берегом", kind="static", people=[boris.pk], by=by)
    made = create_campaign("Осень", by=by)
    choose_segments(made, [ryazan.code], [kept.code], by=by)
    assert why(frozen(made)[0]) == {"Anna": "INCLUDED", "Vera": "INCLUDED"}


def test_second_freeze_of_a_run_decides_nobody_twice(cast: Cast, by: Actor) -> None:
    willing(cast, "Anna")
    made = addressed(by)
    frozen(made)
    again, counted = frozen(made, "other")
    assert counted.included == 1
    assert Person.objects.count() == 2
    assert Person.objects.filter(run_id=again.pk).count() == 1


def test_a_tenth_of_five_hundred_is_held_out_by_a_hash_anybody_can_compute(by: Actor) -> None:
    many(by, 500)
    made = addressed(by, test="subject")
    run, counted = frozen(made, "abc")
    for one in Person.objects.filter(run_id=run.pk):
        held = is_held_out("abc", one.party_id, 10)
        assert one.decision == (Decision.HELD_OUT if held else Decision.INCLUDED)
        assert one.arm == ("" if held else arm_of("abc", one.party_id))
    assert 25 <= counted.held_out <= 80
    assert abs(counted.arms["a"] - counted.arms["b"]) < 120
    assert sum(counted.arms.values()) == counted.included


def test_few_people_are_not_held_out_unless_asked_for(by: Actor) -> None:
    many(by, 40)
    assert frozen(addressed(by))[1].held_out == 0
    assert frozen(addressed(by, "Зима", hold_out=50))[1].held_out > 5
    assert (held_out_of(None, 499), held_out_of(None, 500), held_out_of(0, 900)) == (0, 10, 0)


def test_counting_before_the_launch_writes_nothing_and_agrees_with_the_freeze(cast: Cast, by: Actor) -> None:
    many(by, 30)
    a_person(cast, "Silent")
    made = addressed(by)
    before = count_audience(made, "seed")
    assert Person.objects.count() == 0
    assert before.kept() == frozen(made)[1].kept()


def test_letters_not_sent_and_letters_of_long_ago_leave_the_cap_free(cast: Cast, by: Actor) -> None:
    person = willing(cast, "Anna")
    past = timezone.now() - timedelta(days=8)
    for state, due in [(State.REFUSED, None), (State.CANCELLED, None), (State.ACCEPTED, past)]:
        Delivery.objects.create(
            party=person, purpose="marketing", address="x@example.org", state=state,
            due_at=due or timezone.now(),
        )  # fmt: skip
    change_policy(by=by, cap=1)
    made = addressed(by)
    assert why(frozen(made)[0]) == {"Anna": "INCLUDED"}
    Delivery.objects.create(
        party=person, purpose="marketing", address="x@example.org",
        due_at=timezone.now() + timedelta(days=2),
    )  # fmt: skip
    assert why(frozen(made)[0]) == {"Anna": "CAP"}


def test_service_letters_do_not_count_as_marketing(cast: Cast, by: Actor) -> None:
    person = willing(cast, "Anna")
    change_policy(by=by, cap=1)
    Delivery.objects.create(party=person, purpose="service", address="x@example.org")
    assert why(frozen(addressed(by))[0]) == {"Anna": "INCLUDED"}


def test_policy_out_of_bounds_is_refused_with_every_field(by: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        change_policy(by=by, cap=0, days=400)
    assert set(refused.value.errors) == {"cap", "days"}
    with pytest.raises(InvalidInput):
        change_policy(by=by, start=20, end=9)


def test_segment_on_both_sides_is_refused(by: Actor) -> None:
    segment = create_segment("Все", EVERYBODY, by=by)
    made = create_campaign("Осень", by=by)
    with pytest.raises(InvalidInput):
        choose_segments(made, [segment.code], [segment.code], by=by)


def test_segments_of_a_launched_campaign_stay(by: Actor) -> None:
    made = addressed(by)
    Campaign.objects.filter(pk=made.pk).update(state="running")
    with pytest.raises(Conflict):
        choose_segments(made, [], by=by)


def test_seller_may_not_plan_campaigns(cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        create_campaign("Осень", by=cast.actor(cast.seller))


def test_kept_record_of_two_takes_the_decisions_about_the_other(cast: Cast, by: Actor) -> None:
    first, second = willing(cast, "Anna"), willing(cast, "Anne")
    made = addressed(by)
    both, _counted = frozen(made)
    Person.objects.filter(run_id=both.pk, party_id=first.pk).update(decision=Decision.HELD_OUT)
    only, _counted = frozen(made, "other")
    Person.objects.filter(run_id=only.pk, party_id=second.pk).delete()
    merge_parties(second, first, by=by)
    decided = dict(Person.objects.filter(party_id=second.pk).values_list("run_id", "decision"))
    assert decided == {both.pk: Decision.INCLUDED, only.pk: Decision.INCLUDED}


def test_customer_deleted_for_good_is_forgotten(cast: Cast, by: Actor) -> None:
    anna, boris = willing(cast, "Anna"), willing(cast, "Boris")
    run, _counted = frozen(addressed(by))
    Party.with_bin.filter(pk=anna.pk).delete()
    assert list(Person.objects.filter(run_id=run.pk).values_list("party_id", flat=True)) == [boris.pk]


def test_campaign_takes_the_source_of_its_name_and_renames_it(by: Actor) -> None:
    from dialogue.customers.sources.models import Source
    from dialogue.marketing.campaigns.actions import change_campaign

    one = create_campaign("Осень", by=by)
    assert Source.objects.get(pk=one.source).name == "Осень"
    change_campaign(one, by=by, name="Осень 2026")
    assert Source.objects.get(pk=one.source).name == "Осень 2026"
    with pytest.raises(InvalidInput):
        create_campaign("осень 2026", by=by)
