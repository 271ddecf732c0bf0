"""Stored membership against a plain Python reading of the same rule, over generated customers, rules and changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.customers.parties.bulk import bin_parties, create_parties
from dialogue.customers.parties.drafts import NewParty
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments import counting
from dialogue.marketing.segments.actions import change_segment, create_segment
from dialogue.marketing.segments.building import asking_for_all
from dialogue.marketing.segments.counting import count_rule
from dialogue.marketing.segments.models import Membership, Segment
from dialogue.marketing.segments.picking import pick_people, unpick_people
from dialogue.marketing.segments.rebuilding import rebuild_due, run_rebuild, start_rebuild
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.jobs.starting import cancel_job
from dialogue.selling.purchases.models import Purchase
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db
CITIES = ["", "Рязань", "Cluj", "Київ"]
PHASES = ["acquire", "develop", "keep"]
MANY = 14


@dataclass
class Person:
    """A customer as the test knows him."""

    pk: int
    city: str
    phase: str
    supplier: bool
    sums: list[int]
    touches: list[int]
    there: bool = True
    inside: set[str] = field(default_factory=set)


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


customers = st.lists(
    st.tuples(
        st.sampled_from(CITIES),
        st.sampled_from(PHASES),
        st.booleans(),
        st.lists(st.integers(1, 9), max_size=3),
        st.lists(st.integers(0, 60), max_size=2),
    ),
    min_size=4,
    max_size=MANY,
)
leaf = st.one_of(
    st.builds(lambda city: {"field": "city", "is": city}, st.sampled_from(CITIES[1:])),
    st.builds(lambda phases: {"field": "phase", "in": phases}, st.lists(st.sampled_from(PHASES), min_size=1, unique=True)),
    st.builds(lambda yes: {"field": "is_supplier", "is": yes}, st.booleans()),
    st.builds(lambda yes: {"field": "city", "empty": yes}, st.booleans()),
    st.builds(lambda much: {"has": "purchase", "sum": "amount", "at_least": much}, st.integers(1, 15)),
    st.builds(lambda many: {"has": "purchase", "count": True, "at_least": many}, st.integers(1, 3)),
    st.builds(
        lambda word, days: {word: "touch", "where": [{"field": "at", "within": f"{days}d"}]},
        st.sampled_from(["has", "lacks"]),
        st.sampled_from([7, 30]),
    ),
    st.just({"in_segment": "inner"}),
)
rules = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def holds(tree: dict[str, Any], one: Person) -> bool:
    """Read the rule in plain Python."""
    if "all" in tree:
        return all(holds(part, one) for part in tree["all"])
    if "any" in tree:
        return any(holds(part, one) for part in tree["any"])
    if "not" in tree:
        return not holds(tree["not"], one)
    if "in_segment" in tree:
        return tree["in_segment"] in one.inside
    if "has" in tree or "lacks" in tree:
        return _belongs(tree, one)
    value = {"city": one.city, "phase": one.phase, "is_supplier": one.supplier}[tree["field"]]
    if "in" in tree:
        return value in tree["in"]
    return (value == "") is tree["empty"] if "empty" in tree else value == tree["is"]


def _belongs(tree: dict[str, Any], one: Person) -> bool:
    if "where" in tree:
        days = int(tree["where"][0]["within"][:-1])
        return any(ago < days for ago in one.touches) is ("has" in tree)
    if "sum" in tree:
        return bool(one.sums) and sum(one.sums) >= tree["at_least"]
    return len(one.sums) >= tree["at_least"]


def make(cast: Cast, drawn: list[Any], by: Actor) -> list[Person]:
    tenant, now = cast.company.pk, timezone.now()
    drafts = [NewParty(kind="company", name=f"Ф{number}", is_supplier=one[2], phase=one[1]) for number, one in enumerate(drawn)]
    ids = create_parties(drafts, by=by)
    made = [Person(pk, *one) for pk, one in zip(ids, drawn, strict=True)]
    for one in made:
        Party.objects.filter(pk=one.pk).update(city=one.city)
        Purchase.objects.bulk_create(
            [Purchase(tenant_id=tenant, party_id=one.pk, amount=much, currency="RUB", at=now) for much in one.sums]
        )
        for ago in one.touches:
            at = now - timedelta(days=ago, minutes=5)
            Entry.objects.create(party_id=one.pk, side="out", kind="letter", way="email", at=at)
    return made


def stored(segment: Segment) -> set[int]:
    return set(Membership.objects.current().filter(segment_id=segment.pk).values_list("party_id", flat=True))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=customers, first=rules, second=rules, inner=rules, moves=st.lists(st.integers(0, MANY - 1), max_size=5))
def test_stored_membership_is_what_the_rule_says(
    cast: Cast, drawn: list[Any], first: dict[str, Any], second: dict[str, Any], inner: dict[str, Any], moves: list[int]
) -> None:
    sid = transaction.savepoint()
    try:
        by = cast.actor(cast.owner)
        everybody = make(cast, drawn, by)
        within = create_segment("Inner", {"field": "city", "is": "Рязань"}, by=by)
        if "in_segment" not in repr(inner):
            within = change_segment(within, by=by, tree=inner)
        segment = create_segment("Outer", first, by=by)
        _note(everybody, within)
        assert stored(segment) == {one.pk for one in everybody if holds(first, one)}
        assert count_rule(first, asking_for_all()).count == len(stored(segment))
        segment = change_segment(segment, by=by, tree=second)
        assert stored(segment) == {one.pk for one in everybody if holds(second, one)}
        _decide(segment, everybody, moves, by)
        for number in moves[:2]:
            one = everybody[number % len(everybody)]
            one.city = CITIES[number % len(CITIES)]
            Party.objects.filter(pk=one.pk).update(city=one.city)
        if moves:
            gone = everybody[moves[-1] % len(everybody)]
            bin_parties([gone.pk], by=by)
            gone.there = False
        rebuild_due(system_actor(cast.company.pk), everything=True)
        _note(everybody, within)
        assert stored(segment) == _expected(segment, everybody, second)
        assert Segment.objects.get(pk=segment.pk).size == len(stored(segment))
    finally:
        transaction.savepoint_rollback(sid)


def _note(everybody: list[Person], within: Segment) -> None:
    inside = stored(within)
    for one in everybody:
        one.inside = {"inner"} if one.pk in inside else set()


def _decide(segment: Segment, everybody: list[Person], moves: list[int], by: Actor) -> None:
    for step, number in enumerate(moves):
        pk = everybody[number % len(everybody)].pk
        if step % 3 == 2:
            unpick_people(segment, [pk], by=by)
        else:
            pick_people(segment, [pk], ("in", "out")[step % 3], by=by)
        assert Segment.objects.get(pk=segment.pk).size == len(stored(segment))


def _expected(segment: Segment, everybody: list[Person], tree: dict[str, Any]) -> set[int]:
    decided = dict(segment.picks.values_list("party_id", "verdict"))
    there = [one for one in everybody if one.there]
    return {one.pk for one in there if decided.get(one.pk, "in" if holds(tree, one) else "out") == "in"}


def test_sample_says_what_it_is_worth(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    by = cast.actor(cast.owner)
    ids = create_parties([NewParty(kind="company", name=f"Ф{number}") for number in range(900)], by=by)
    Party.objects.filter(pk__in=ids[:300]).update(city="Рязань")
    Purchase.objects.bulk_create(
        [Purchase(tenant_id=cast.company.pk, party_id=pk, amount=5, currency="RUB", at=timezone.now()) for pk in ids[100:400]]
    )
    monkeypatch.setattr(counting, "SAMPLE", 300)
    monkeypatch.setattr(counting, "within", lambda limit_ms, work: None)
    rule = {"all": [{"field": "city", "is": "Рязань"}, {"has": "purchase", "sum": "amount", "at_least": 5}]}
    found = count_rule(rule, asking_for_all())
    assert (found.exact, found.base) == (False, 900)
    # 200 are right; the interval is wide enough for 1 sample in 10,000 to miss by twice of it.
    assert abs(found.count - 200) <= 2 * found.plus_minus
    assert 0 < found.plus_minus < 100
    assert found.people
    assert all(one.city == "Рязань" for one in found.people)


def test_count_that_takes_too_long_leaves_the_transaction_whole(cast: Cast) -> None:
    from django.db import connection

    def slow() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    assert counting.within(20, slow) is None
    assert Party.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "0"


def test_cancelled_rebuild_keeps_everything_as_it_was(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    segment = create_segment("Все", {"all": []}, by=by)
    create_parties([NewParty(kind="company", name="Ф")], by=by)
    job = start_rebuild(segment, by=by)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, cancel_asked=True)
    with pytest.raises(JobCancelled):
        run_rebuild(JobRun(Job.objects.get(pk=job.pk)), segment.pk)
    assert stored(segment) == set()
    assert Segment.objects.get(pk=segment.pk).size == 0
    waiting = start_rebuild(segment, by=by)
    assert waiting.pk == job.pk
    Job.objects.filter(pk=job.pk).update(state=JobState.WAITING, cancel_asked=False)
    cancel_job(waiting)
    run_job(cast.company.pk, job.pk)
    assert stored(segment) == set()


def test_killed_rebuild_is_done_by_the_next_worker(cast: Cast) -> None:
    """What a killed worker leaves is a job that says it runs, and nothing of its open transaction."""
    by = cast.actor(cast.owner)
    inner = create_segment("Внутри", {"all": []}, by=by)
    segment = create_segment("Снаружи", {"in_segment": inner.code}, by=by)
    ids = create_parties([NewParty(kind="company", name="Ф")], by=by)
    job = start_rebuild(segment, by=by)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    run_job(cast.company.pk, job.pk)
    assert stored(inner) == stored(segment) == set(ids)
    run_job(cast.company.pk, job.pk)
    assert Membership.objects.filter(segment_id=segment.pk).count() == 1
    assert Job.objects.get(pk=job.pk).state == JobState.DONE
