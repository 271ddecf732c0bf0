"""A large segment is filled from the warehouse while it is fresh, and says as of when; nobody comes in who is gone meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from dialogue.customers.parties.bulk import bin_parties
from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments import counting
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.models import Membership, Segment
from dialogue.marketing.segments.picking import pick_people, unpick_people
from dialogue.marketing.segments.rebuilding import rebuild_segment
from dialogue.platform.criteria import warehousing
from dialogue.platform.warehouse.copying import copy_company, refresh_company
from dialogue.selling.purchases.models import Purchase
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
BUYERS = {"has": "purchase", "count": True, "at_least": 1}


@pytest.fixture
def cast(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    settings.WAREHOUSE_ROOT = tmp_path / "warehouse"
    monkeypatch.setattr(counting, "SAMPLE", 2)
    warehousing._load()
    made = make_cast()
    for number in range(5):
        buy(made, a_person(made, f"Ion {number}").pk)
    with tenant_scope(made.company.pk):
        yield made


def buy(cast: Cast, party: int) -> int:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        return int(Purchase.objects.create(party_id=party, amount=10, currency="EUR").pk)


def a_segment(cast: Cast, name: str = "Buyers") -> Segment:
    """A segment that is not filled yet, as in a large company."""
    with transaction.atomic():
        made = create_segment(name, BUYERS, by=cast.actor(cast.owner))
        Membership.objects.filter(segment_id=made.pk).delete()
        return made


def fill(cast: Cast, segment: Segment) -> Segment:
    with transaction.atomic():
        rebuild_segment(segment, by=cast.actor(cast.owner))
        return Segment.objects.get(pk=segment.pk)


def refreshed(cast: Cast) -> datetime:
    done = refresh_company(cast.company.pk)
    assert done is not None
    return done.as_of


def inside(segment: Segment) -> dict[int, datetime]:
    with transaction.atomic():
        return dict(Membership.objects.current().filter(segment_id=segment.pk).values_list("party_id", "since"))


def left(segment: Segment) -> dict[int, datetime]:
    with transaction.atomic():
        gone = Membership.objects.filter(segment_id=segment.pk, until__isnull=False)
        return dict(gone.values_list("party_id", "until"))


def test_members_are_those_of_the_warehouse_as_of_its_moment(cast: Cast) -> None:
    segment = a_segment(cast)
    copied = copy_company(cast.company.pk)
    late = a_person(cast, "Ion the late").pk
    buy(cast, late)
    filled = fill(cast, segment)
    first = inside(segment)
    assert (filled.size, filled.built_at, late in first) == (5, copied.as_of, False)
    assert set(first.values()) == {copied.as_of}
    # Nothing newer in the warehouse: PostgreSQL knows him.
    assert fill(cast, segment).size == 6
    assert inside(segment)[late] > copied.as_of
    with transaction.atomic():
        Purchase.objects.filter(party_id=late).delete()
    moment = refreshed(cast)
    filled = fill(cast, segment)
    assert (filled.size, filled.built_at) == (5, moment)
    assert inside(segment) == first
    assert left(segment) == {late: moment}


def test_who_is_deleted_meanwhile_does_not_come_in(cast: Cast) -> None:
    segment = a_segment(cast)
    copied = copy_company(cast.company.pk)
    with transaction.atomic():
        gone, erased, *_rest = Purchase.objects.values_list("party_id", flat=True)
        bin_parties([gone], by=cast.actor(cast.owner))
        Purchase.objects.filter(party_id=erased).delete()
        Party.with_bin.filter(pk=erased).delete()
    filled = fill(cast, segment)
    assert (filled.size, filled.built_at) == (3, copied.as_of)
    assert not {gone, erased} & set(inside(segment))


def test_decisions_by_hand_after_the_moment_stay(cast: Cast) -> None:
    segment, by = a_segment(cast), cast.actor(cast.owner)
    other = a_person(cast, "Maria").pk
    copy_company(cast.company.pk)
    buyers = sorted(inside(fill(cast, segment)))
    moment = refreshed(cast)
    assert moment < timezone.now()
    with transaction.atomic():
        pick_people(segment, [other], "in", by=by)
        pick_people(segment, [buyers[0]], "out", by=by)
        # Decided and taken back: the rule decided about him after the moment of the data.
        pick_people(segment, [buyers[1]], "out", by=by)
        unpick_people(segment, [buyers[1]], by=by)
        Purchase.objects.filter(party_id=buyers[2]).delete()
        pick_people(segment, [buyers[2]], "out", by=by)
        unpick_people(segment, [buyers[2]], by=by)
    filled = fill(cast, segment)
    assert filled.built_at == moment
    assert sorted(inside(segment)) == sorted([other, buyers[1], *buyers[3:]])
    assert filled.size == 4
    with transaction.atomic():
        assert not Membership.objects.filter(until__lt=moment).exists()
    refreshed(cast)
    assert fill(cast, segment).size == 4
    assert buyers[0] not in inside(segment)


def test_postgresql_is_asked_where_the_warehouse_does_not_do(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = a_segment(cast)
    with transaction.atomic():
        plain = create_segment("People", {"field": "kind", "is": "person"}, by=cast.actor(cast.owner))
        inner = create_segment("Inner", {"all": [BUYERS, {"in_segment": "buyers"}]}, by=cast.actor(cast.owner))
    copied = copy_company(cast.company.pk)
    buy(cast, a_person(cast, "Ion the late").pk)
    for one in (plain, inner):
        assert fill(cast, one).built_at != copied.as_of
    monkeypatch.setattr(counting, "FRESH_SECONDS", -1)
    assert fill(cast, segment).size == 6
    monkeypatch.setattr(counting, "FRESH_SECONDS", 90)
    # The rule is newer than the warehouse.
    assert fill(cast, a_segment(cast, "Later")).size == 6
