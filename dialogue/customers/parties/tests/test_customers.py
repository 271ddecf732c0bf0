"""Customers through their actions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import IntegrityError

from dialogue.customers.parties.actions import assign_responsible, bin_party, change_party, create_party, restore_party
from dialogue.customers.parties.bulk import bin_parties, change_parties, create_parties, restore_parties
from dialogue.customers.parties.details import (
    add_contact_point,
    change_contact_point,
    record_consent,
    relate,
    remove_contact_point,
    set_address,
    set_tags,
    tags_named,
)
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.models import (
    ContactPoint,
    Party,
    PartyRelation,
    PartyTag,
    RelationType,
    consent_state,
)
from dialogue.kit.actors import Actor, Reach
from dialogue.kit.editing import StaleEdit
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.kit.rows import etag_of
from dialogue.kit.scope import tenant_scope
from dialogue.platform.audit.models import Entry
from dialogue.platform.criteria.actions import define_characteristic
from tests.cast import Cast, a_firm, a_person, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


def test_person_is_created_with_normal_contacts(cast: Cast, by: Actor) -> None:
    draft = NewParty(
        last_name="Дуликов",
        first_name="Иван",
        contacts=[Contact("phone", "8 (920) 123-45-67"), Contact("email", " Ivan@Пример.РФ ")],
        address={"city": "Рязань", "country": "ru"},
        tags=list(tags_named(["VIP", "выставка"]).values()),
    )
    party = create_party(draft, by=by)
    assert party.name == "Дуликов Иван"
    assert party.city == "Рязань"
    assert party.country == "RU"
    points = dict(ContactPoint.objects.filter(party=party).values_list("kind", "normal"))
    assert points == {"phone": "+79201234567", "email": "ivan@xn--e1afmkfd.xn--p1ai"}
    assert PartyTag.objects.filter(party=party).count() == 2
    assert Entry.objects.filter(event="party.created", subject_id=party.pk).exists()


def test_wrong_draft_names_every_field_and_writes_nothing(cast: Cast, by: Actor) -> None:
    draft = NewParty(name="", birth_on=date(2999, 1, 1), contacts=[Contact("email", "nobody"), Contact("fax", "1")])
    with pytest.raises(InvalidInput) as refused:
        create_party(draft, by=by)
    assert set(refused.value.errors) == {"name", "birth_on", "contacts.0", "contacts.1"}
    assert not Party.objects.exists()


def test_strangers_company_is_refused(cast: Cast, by: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_party(NewParty(name="Иван", company=10**9, responsible=cast.stranger.pk), by=by)
    assert set(refused.value.errors) == {"company", "responsible"}


def test_own_number_is_given_once(cast: Cast, by: Actor) -> None:
    first = a_person(cast, external_id="17")
    with pytest.raises(Refusal, match="17"):
        create_party(NewParty(name="Пётр", external_id="17"), by=by)
    bin_party(first, by=by)
    second = create_party(NewParty(name="Пётр", external_id="17"), by=by)
    with pytest.raises(Refusal, match="17"):
        restore_party(first, by=by)
    bin_party(second, by=by)
    assert restore_party(first, by=by).deleted_at is None


def test_change_keeps_before_and_after(cast: Cast, by: Actor) -> None:
    define_characteristic("party", label="Потенциал", kind="choice", choices=["высокий", "низкий"], by=by, filterable=True)
    party = a_person(cast)
    changed = change_party(
        party, {"phase": "develop", "position": "директор", "characteristics": {"potentsial": "vysokii"}}, by=by
    )
    assert changed.slot_text_1 == "vysokii"
    entry = Entry.objects.get(event="party.changed")
    assert entry.changes == {
        "phase": ["acquire", "develop"],
        "position": ["", "директор"],
        "characteristics.potentsial": [None, "vysokii"],
    }


def test_stale_change_is_refused_field_by_field(cast: Cast, by: Actor) -> None:
    party = a_person(cast)
    old = etag_of(party)
    change_party(party, {"position": "директор"}, by=by)
    with pytest.raises(StaleEdit) as refused:
        change_party(party, {"position": "бухгалтер"}, by=by, etag=old)
    assert refused.value.facts["clashes"] == [{"field": "position", "yours": "бухгалтер", "now": "директор"}]
    assert change_party(party, {"first_name": "Иван"}, by=by, seen={"first_name": ""}).position == "директор"


def test_seller_may_not_define_but_writes(cast: Cast, by: Actor) -> None:
    seller = cast.actor(cast.seller)
    party = create_party(NewParty(name="Мария"), by=seller)
    assert assign_responsible(party, cast.seller.pk, by=seller).responsible_id == cast.seller.pk
    watcher = Actor(tenant=cast.company.pk, label="watcher", user=cast.seller.pk, reach={"party": Reach.ALL})
    with pytest.raises(NotPermitted):
        change_party(party, {"name": "X"}, by=watcher)


def test_reach_limits_what_is_seen(cast: Cast, by: Actor) -> None:
    mine = a_person(cast, "Моя", responsible=cast.seller.pk)
    a_person(cast, "Чужая", responsible=cast.manager.pk)
    nobodys = a_person(cast, "Ничья")
    own = Actor(tenant=cast.company.pk, label="", user=cast.seller.pk, reach={"party": Reach.OWN})
    team = Actor(
        tenant=cast.company.pk, label="", user=cast.seller.pk, reach={"party": Reach.TEAM}, members=frozenset({cast.seller.pk})
    )
    assert set(Party.objects.visible_to(own)) == {mine}
    assert set(Party.objects.visible_to(team)) == {mine, nobodys}
    assert Party.objects.visible_to(by).count() == 3


def test_names_stand_in_the_order_of_the_alphabet(cast: Cast) -> None:
    for name in ("Жук", "ёлка", "еж", "Дуб", "Ель", "Șerban", "Sorin", "Tudor"):
        a_person(cast, name)
    assert [party.name for party in Party.objects.by_name()] == [
        "Sorin", "Șerban", "Tudor", "Дуб", "еж", "Ель", "ёлка", "Жук",
    ]  # fmt: skip


def test_contact_points_keep_one_primary(cast: Cast, by: Actor) -> None:
    party = a_person(cast, email="a@example.org")
    second = add_contact_point(party, kind="email", value="b@example.org", by=by, is_primary=True)
    assert list(ContactPoint.objects.filter(party=party, is_primary=True)) == [second]
    with pytest.raises(Refusal) as refused:
        add_contact_point(party, kind="email", value="A@Example.org", by=by)
    assert refused.value.code == "contact-twice"
    with pytest.raises(Refusal, match=r"name@example\.org"):
        change_contact_point(second, {"value": "nothing"}, by=by)
    remove_contact_point(second, by=by)
    assert ContactPoint.objects.get(party=party).is_primary


def test_relation_shows_from_both_sides(cast: Cast, by: Actor) -> None:
    person, firm = a_person(cast), a_firm(cast)
    works = RelationType.objects.get(code="works_at")
    assert works.forward == "работает в"
    relate(person, firm, works, by=by, since=date(2020, 1, 1))
    for party in (person, firm):
        assert [(tie.first_id, tie.second_id) for tie in PartyRelation.objects.of(party)] == [(person.pk, firm.pk)]
    with pytest.raises(Refusal) as refused:
        relate(person, firm, works, by=by)
    assert refused.value.code == "related-twice"
    with pytest.raises(Refusal):
        relate(person, person, works, by=by)


def test_first_address_is_primary_and_repeats_on_the_customer(cast: Cast, by: Actor) -> None:
    party = a_person(cast)
    set_address(party, {"city": "Кишинёв", "country": "md", "street": "Пушкина"}, by=by)
    party.refresh_from_db()
    assert (party.city, party.country) == ("Кишинёв", "MD")
    with pytest.raises(InvalidInput):
        set_address(party, {"city": ""}, by=by)


def test_tags_are_made_once_whatever_the_case(cast: Cast, by: Actor) -> None:
    party = a_person(cast)
    set_tags(party, ["Vip", "рыба"], by=by)
    set_tags(party, ["VIP"], by=by)
    assert [link.tag.name for link in PartyTag.objects.filter(party=party).select_related("tag")] == ["Vip"]


def test_latest_word_counts_as_consent(cast: Cast, by: Actor) -> None:
    party, silent = a_person(cast), a_person(cast, "Молчун")
    record_consent(party, channel="email", state="given", by=by, source="форма")
    record_consent(party, channel="email", state="withdrawn", by=by)
    assert consent_state([party.pk, silent.pk], "email") == {party.pk: "withdrawn"}


def test_many_are_created_changed_and_put_back(cast: Cast, by: Actor) -> None:
    drafts = [
        NewParty(name=f"Клиент {n}", contacts=[Contact("email", f"c{n}@example.org")], address={"city": "Омск"})
        for n in range(50)
    ]
    ids = create_parties(drafts, by=by)
    assert list(Party.objects.filter(pk__in=ids).order_by("pk").values_list("name", flat=True)) == [d.name for d in drafts]
    assert ContactPoint.objects.filter(party_id__in=ids, normal__endswith="@example.org").count() == 50
    assert Entry.objects.get(event="parties.created").facts == {"count": 50}
    befores = change_parties({pk: {"phase": "keep", "city": "Томск"} for pk in ids[:10]}, by=by)
    assert len(befores) == 10
    assert Party.objects.filter(phase="keep", city="Томск").count() == 10
    change_parties(befores, by=by)
    assert Party.objects.filter(phase="acquire", city="Омск").count() == 50
    assert len(bin_parties(ids, by=by)) == 50
    assert not Party.objects.exists()
    assert len(restore_parties(ids, by=by)) == 50


def test_stranger_company_cannot_point_at_our_customer(cast: Cast, by: Actor) -> None:
    from django.db import connection

    party = a_firm(cast)
    with tenant_scope(cast.other_company.pk):
        Party.objects.create(kind="person", name="Thief", company_id=party.pk)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="fenced"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
