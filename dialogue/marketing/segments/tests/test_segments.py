"""Segments through their actions: filling, versions, people by hand, segments inside segments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from dialogue.customers.parties.actions import bin_party, change_party, restore_party
from dialogue.customers.parties.merging import merge_parties
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.errors import Conflict, InvalidInput, NotFound, NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments import rebuilding
from dialogue.marketing.segments.actions import (
    bin_segment,
    change_segment,
    copy_segment,
    create_segment,
    forget_segment,
    freeze_segment,
    restore_segment,
)
from dialogue.marketing.segments.building import Built, asking_for_all, settle
from dialogue.marketing.segments.counting import count_rule, margin_of
from dialogue.marketing.segments.models import HandPick, Membership, Segment, SegmentDay
from dialogue.marketing.segments.picking import pick_people, unpick_people
from dialogue.marketing.segments.rebuilding import is_due, rebuild_due, rebuild_segment
from dialogue.marketing.segments.schedules import follow_rules
from dialogue.platform.accounts.models import Role
from dialogue.platform.criteria.rules import RuleRefusal
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db
RYAZAN = {"field": "city", "is": "Рязань"}


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


def people(cast: Cast, **cities: str) -> dict[str, Party]:
    made = {name: a_person(cast, name) for name in cities}
    for name, city in cities.items():
        Party.objects.filter(pk=made[name].pk).update(city=city)
    return made


def members(segment: Segment) -> set[str]:
    now = Membership.objects.current().filter(segment_id=segment.pk)
    return set(Party.objects.filter(pk__in=now.values("party_id")).values_list("name", flat=True))


def test_new_segment_holds_whom_its_rule_matches(cast: Cast, by: Actor) -> None:
    people(cast, Анна="Рязань", Борис="Киев", Вера="Рязань")
    made = create_segment("Рязанцы", RYAZAN, by=by)
    assert (members(made), made.size, made.code, made.version) == ({"Анна", "Вера"}, 2, "riazantsi", 1)
    assert made.versions.count() == 1
    assert SegmentDay.objects.get(segment=made).size == 2


def test_rebuild_closes_who_left_and_opens_who_came(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев")
    made = create_segment("Рязанцы", RYAZAN, by=by)
    Party.objects.filter(pk=found["Анна"].pk).update(city="Киев")
    Party.objects.filter(pk=found["Борис"].pk).update(city="Рязань")
    built = rebuild_segment(made, by=by)
    assert (built.size, built.joined, built.left) == (1, 1, 1)
    gone = Membership.objects.get(segment_id=made.pk, party_id=found["Анна"].pk)
    assert gone.until is not None
    assert gone.until > gone.since
    assert members(made) == {"Борис"}
    again = rebuild_segment(made, by=by)
    assert (again.joined, again.left) == (0, 0)


def test_new_rule_makes_a_version_and_fills_anew(cast: Cast, by: Actor) -> None:
    people(cast, Анна="Рязань", Борис="Киев")
    made = create_segment("Люди", RYAZAN, by=by)
    changed = change_segment(made, by=by, tree={"field": "city", "is": "Киев"})
    assert (changed.version, members(changed), changed.is_behind) == (2, {"Борис"}, False)
    assert [version.tree for version in changed.versions.order_by("number")] == [RYAZAN, {"field": "city", "is": "Киев"}]
    assert change_segment(changed, by=by, name="Киевляне").version == 2


def test_deleted_customer_is_no_member_and_comes_back(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Вера="Рязань")
    kept = create_segment("Сейчас", RYAZAN, by=by, kind="static")
    moving = create_segment("Всегда", RYAZAN, by=by)
    bin_party(found["Анна"], by=by)
    assert members(kept) == members(moving) == {"Вера"}
    assert rebuild_segment(kept, by=by).size == rebuild_segment(moving, by=by).size == 1
    restore_party(found["Анна"], by=by)
    assert members(kept) == {"Анна", "Вера"}
    assert rebuild_segment(moving, by=by).joined == 1


def test_people_by_hand_stay_whatever_the_rule_says(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев", Вера="Рязань")
    made = create_segment("Люди", RYAZAN, by=by)
    assert pick_people(made, [found["Борис"].pk], "in", by=by) == {found["Борис"].pk: ""}
    pick_people(made, [found["Вера"].pk], "out", by=by, note="попросила")
    assert members(made) == {"Анна", "Борис"}
    assert Segment.objects.get(pk=made.pk).size == 2
    rebuild_segment(made, by=by)
    assert members(made) == {"Анна", "Борис"}
    assert HandPick.objects.get(party=found["Вера"]).note == "попросила"
    unpick_people(made, [found["Борис"].pk, found["Вера"].pk], by=by)
    assert members(made) == {"Анна", "Вера"}
    assert not HandPick.objects.exists()


def test_segment_filled_once_changes_by_hand_only(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев", Вера="Рязань")
    made = create_segment("Тогда", RYAZAN, by=by, kind="static")
    Party.objects.filter(pk=found["Борис"].pk).update(city="Рязань")
    rebuild_segment(made, by=by)
    assert members(made) == {"Анна", "Вера"}
    pick_people(made, [found["Анна"].pk], "in", by=by)
    assert not HandPick.objects.exists(), "Who is in already needs no decision."
    pick_people(made, [found["Борис"].pk], "in", by=by)
    pick_people(made, [found["Вера"].pk], "out", by=by)
    assert members(made) == {"Анна", "Борис"}
    unpick_people(made, [found["Вера"].pk], by=by)
    pick_people(made, [found["Борис"].pk], "out", by=by)
    assert members(made) == {"Анна", "Вера"}
    assert not HandPick.objects.exists(), "Both are as they were."
    with pytest.raises(Conflict):
        change_segment(made, by=by, tree={"all": []})


def test_segment_of_chosen_people_needs_no_rule(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев")
    made = create_segment("Выставка", by=by, kind="static", people=[found["Анна"].pk, 10**12])
    assert (members(made), made.size, made.tree, made.is_behind) == ({"Анна"}, 1, {}, False)
    with pytest.raises(Refusal):
        create_segment("Другой", by=by, people=[found["Анна"].pk])


def test_frozen_segment_keeps_the_people_of_that_moment(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев")
    made = freeze_segment(create_segment("Люди", RYAZAN, by=by), by=by)
    Party.objects.filter(pk=found["Анна"].pk).update(city="Киев")
    rebuild_segment(made, by=by)
    assert members(made) == {"Анна"}
    with pytest.raises(Conflict):
        freeze_segment(made, by=by)


def test_copy_has_the_same_people_and_goes_its_own_way(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев")
    made = create_segment("Люди", RYAZAN, by=by)
    pick_people(made, [found["Борис"].pk], "in", by=by)
    copy = copy_segment(made, "Копия", by=by)
    assert (members(copy), copy.size, copy.code) == ({"Анна", "Борис"}, 2, "kopia")
    change_segment(copy, by=by, tree={"any": []})
    assert (members(copy), members(made)) == ({"Борис"}, {"Анна", "Борис"})


def test_segment_inside_a_segment_goes_by_stored_membership(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев", Вера="Рязань")
    inner = create_segment("Рязань", RYAZAN, by=by)
    outer = create_segment("Без Веры", {"all": [{"in_segment": inner.code}, {"not": {"field": "name", "is": "Вера"}}]}, by=by)
    assert (members(outer), outer.uses) == ({"Анна"}, [inner.pk])
    Party.objects.filter(pk=found["Борис"].pk).update(city="Рязань")
    rebuild_segment(outer, by=by)
    assert members(outer) == {"Анна"}, "The inner one has not been filled yet."
    assert rebuild_due(system_actor(cast.company.pk), everything=True) == 2
    assert members(outer) == {"Анна", "Борис"}, "The clock fills the inner one first."


def test_field_of_the_customer_asks_the_same_as_the_leaf(cast: Cast, by: Actor) -> None:
    people(cast, Анна="Рязань", Борис="Киев")
    inner = create_segment("Рязань", RYAZAN, by=by)
    asking = asking_for_all()
    assert count_rule({"field": "segment", "in": [inner.code]}, asking).count == 1
    assert (
        count_rule({"field": "segment", "is_not": inner.code}, asking).count
        == count_rule({"not": {"in_segment": inner.code}}, asking).count
        == 1
    )
    assert count_rule({"field": "segment", "empty": True}, asking).count == 1
    outer = create_segment("Снаружи", {"field": "segment", "in": [inner.code]}, by=by)
    assert outer.uses == [inner.pk]


def test_circle_of_segments_is_refused_in_words(cast: Cast, by: Actor) -> None:
    first = create_segment("А", {"all": []}, by=by)
    second = create_segment("Б", {"in_segment": first.code}, by=by)
    third = create_segment("В", {"not": {"in_segment": second.code}}, by=by)
    with pytest.raises(RuleRefusal, match="А → В → Б → А"):
        change_segment(first, by=by, tree={"related": "employs", "where": [{"in_segment": third.code}]})
    with pytest.raises(RuleRefusal, match="А → А"):
        change_segment(first, by=by, tree={"in_segment": first.code})
    assert Segment.objects.get(pk=first.pk).version == 1


def test_unknown_segment_is_refused_by_its_path(cast: Cast, by: Actor) -> None:
    with pytest.raises(RuleRefusal) as refused:
        create_segment("А", {"any": [{"all": []}, {"in_segment": "nobody"}]}, by=by)
    assert (refused.value.field, refused.value.code) == ("tree.any[1].in_segment", "unknown-segment")
    assert not Segment.objects.exists()


def test_segment_that_others_name_is_not_deleted(cast: Cast, by: Actor) -> None:
    inner = create_segment("Внутри", RYAZAN, by=by)
    outer = create_segment("Снаружи", {"in_segment": inner.code}, by=by)
    with pytest.raises(Conflict) as refused:
        bin_segment(inner, by=by)
    assert refused.value.facts["used_in"] == ["Снаружи"]
    bin_segment(outer, by=by)
    bin_segment(inner, by=by)
    with pytest.raises(Conflict):
        restore_segment(outer, by=by)
    restore_segment(inner, by=by)
    assert restore_segment(outer, by=by).deleted_at is None


def test_name_is_once_and_code_never_changes(cast: Cast, by: Actor) -> None:
    made = create_segment("Наши люди", RYAZAN, by=by)
    with pytest.raises(InvalidInput) as refused:
        create_segment(" наши  ЛЮДИ ", RYAZAN, by=by)
    assert "name" in refused.value.errors
    renamed = change_segment(made, by=by, name="Не наши")
    assert renamed.code == "nashi-liudi"
    bin_segment(create_segment("Наши люди", RYAZAN, by=by), by=by)
    assert create_segment("Наши люди", RYAZAN, by=by).code == "nashi-liudi-3"


def test_me_in_a_rule_is_the_member_who_keeps_it(cast: Cast, by: Actor) -> None:
    a_person(cast, "Мой", responsible=cast.owner.pk)
    a_person(cast, "Чужой", responsible=cast.seller.pk)
    made = create_segment("Мои", {"all": [{"field": "responsible", "is": "me"}]}, by=by)
    assert made.tree == {"all": [{"field": "responsible", "is": str(cast.owner.pk)}]}
    assert members(made) == {"Мой"}
    with pytest.raises(Refusal):
        create_segment("Ничьи", {"field": "responsible", "in": ["me"]}, by=system_actor(cast.company.pk))


def test_broken_rule_keeps_its_people_and_says_why(cast: Cast, by: Actor) -> None:
    people(cast, Анна="Рязань")
    made = create_segment("Люди", RYAZAN, by=by)
    Segment.objects.filter(pk=made.pk).update(tree={"field": "characteristics.gone", "is": "1"})
    assert rebuild_due(system_actor(cast.company.pk), everything=True) == 0
    made.refresh_from_db()
    assert "characteristics.gone" in made.problem
    assert members(made) == {"Анна"}


def test_merged_customer_is_in_the_segments_of_both(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Аня="Киев")
    made = create_segment("Тогда", RYAZAN, by=by, kind="static")
    picked = create_segment("Рукой", {"any": []}, by=by)
    pick_people(picked, [found["Анна"].pk], "in", by=by)
    merge_parties(found["Аня"], found["Анна"], by=by)
    assert members(made) == {"Аня"}
    rebuild_segment(picked, by=by)
    assert members(picked) == {"Аня"}


def test_customer_gone_for_good_leaves_no_membership(cast: Cast, by: Actor) -> None:
    found = people(cast, Анна="Рязань", Вера="Рязань")
    made = create_segment("Люди", RYAZAN, by=by)
    found["Анна"].delete()
    assert Membership.objects.filter(segment_id=made.pk).count() == 1
    forget_segment(made)
    assert not Membership.objects.exists()


def test_stranger_and_powerless_change_nothing(cast: Cast, by: Actor) -> None:
    person = people(cast, Анна="Рязань")["Анна"]
    made = create_segment("Люди", RYAZAN, by=by)
    seller = cast.actor(cast.seller)
    with pytest.raises(NotPermitted):
        change_segment(made, by=seller, name="Другое")
    with tenant_scope(cast.other_company.pk):
        stranger = system_actor(cast.other_company.pk)
        for attempt in (
            lambda: change_segment(made, by=stranger, name="x"),
            lambda: rebuild_segment(made, by=stranger),
            lambda: pick_people(made, [person.pk], "out", by=stranger),
            lambda: copy_segment(made, "x", by=stranger),
        ):
            with pytest.raises(NotFound):
                attempt()
        with pytest.raises(RuleRefusal):
            create_segment("x", {"in_segment": made.code}, by=stranger)
        theirs = create_segment("x", {"all": []}, by=stranger)
        assert pick_people(theirs, [person.pk], "in", by=stranger) == {}
        assert count_rule({"all": []}, asking_for_all()).count == 0
    assert members(made) == {"Анна"}


def test_rule_names_only_segments_its_author_sees(cast: Cast, by: Actor) -> None:
    hidden = create_segment("Чужой", {"all": []}, by=by)
    Role.objects.filter(code="employee").update(permissions=["segments:segment:read", "segments:segment:write"])
    seller = cast.actor(cast.seller)
    with pytest.raises(RuleRefusal, match="chuzhoi"):
        create_segment("Мой", {"in_segment": hidden.code}, by=seller)
    theirs = create_segment("Наш", {"in_segment": hidden.code}, by=by, responsible=cast.seller.pk)
    changed = change_segment(theirs, by=seller, tree={"all": [{"in_segment": hidden.code}, RYAZAN]})
    assert changed.version == 2


def test_counted_names_are_those_one_may_see(cast: Cast, by: Actor) -> None:
    from dataclasses import replace

    from dialogue.kit.actors import Reach

    a_person(cast, "Мой", responsible=cast.seller.pk)
    a_person(cast, "Чужой", responsible=cast.owner.pk)
    seller = replace(cast.actor(cast.seller), reach={"*": Reach.OWN})
    asking = replace(asking_for_all(), actor=seller)
    found = count_rule({"all": []}, asking)
    assert (found.count, found.base, found.exact, found.plus_minus) == (2, 2, True, 0)
    assert [one.name for one in found.people] == ["Мой"]


def test_margin_is_wilsons_with_a_finite_base() -> None:
    # 500 of 1000 in 100,000: Wilson's half width 3.09 points, times sqrt(0.990).
    assert margin_of(500, 1000, 100_000) == pytest.approx(3076, abs=3)
    # None of 1000: the upper end is 0.383 %.
    assert margin_of(0, 1000, 100_000) == pytest.approx(381, abs=2)
    assert margin_of(5, 10, 10) == 0


def test_stale_change_is_refused(cast: Cast, by: Actor) -> None:
    from dialogue.kit.editing import StaleEdit
    from dialogue.kit.rows import etag_of

    made = create_segment("Люди", RYAZAN, by=by)
    seen = etag_of(made)
    change_segment(made, by=by, name="Другие")
    with pytest.raises(StaleEdit):
        change_segment(made, by=by, etag=seen, name="Третьи")
    rebuild_segment(made, by=by)
    made.refresh_from_db()
    fresh = etag_of(made)
    rebuild_segment(made, by=by)
    assert change_segment(made, by=by, etag=fresh, name="Четвёртые").name == "Четвёртые"


def test_party_changes_through_actions_reach_the_segment(cast: Cast, by: Actor) -> None:
    person = people(cast, Анна="Рязань")["Анна"]
    made = create_segment("Компании без ИНН", {"field": "tax_number", "empty": True}, by=by)
    change_party(person, {"tax_number": "7701"}, by=by)
    assert rebuild_segment(made, by=by).left == 1


def test_clock_fills_what_is_due_in_every_company(cast: Cast, by: Actor) -> None:
    people(cast, Анна="Рязань")
    made = create_segment("Люди", RYAZAN, by=by)
    a_person(cast, "Вера")
    Party.objects.filter(name="Вера").update(city="Рязань")
    assert follow_rules() == 0, "It was filled a moment ago."
    Segment.objects.filter(pk=made.pk).update(built_at=timezone.now() - timedelta(minutes=6))
    assert follow_rules() == 1
    assert members(made) == {"Анна", "Вера"}
    made.refresh_from_db()
    assert made.response["days"] == 90
    now = timezone.now()
    before = Segment(built_at=now - timedelta(minutes=6))
    assert is_due(before, now, spent_ms=10_000)
    assert not is_due(before, now, spent_ms=20_000), "All of them take twenty seconds: every seven minutes is enough."


def test_segment_the_database_fails_on_does_not_hold_up_the_others(
    cast: Cast, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (create_segment(name, RYAZAN, by=by) for name in ("First", "Second"))
    people(cast, Анна="Рязань")

    def failing(segment: Segment) -> Built:
        if segment.pk == first.pk:
            raise DatabaseError
        return settle(segment)

    monkeypatch.setattr(rebuilding, "settle", failing)
    assert rebuild_due(system_actor(cast.company.pk), everything=True) == 1
    assert (members(first), members(second)) == (set(), {"Анна"})
