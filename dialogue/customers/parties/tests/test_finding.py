"""Search, rules and the list over customers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from dialogue.customers.parties.actions import bin_party, change_party
from dialogue.customers.parties.details import record_consent, relate, set_tags
from dialogue.customers.parties.models import Party, RelationType, Tag
from dialogue.kit.actors import Actor, Reach
from dialogue.kit.errors import Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.fields import Asking, entities
from dialogue.platform.criteria.rules import matching
from dialogue.platform.search.finding import find, found_ids
from dialogue.platform.search.latin import gram_numbers
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


def names(text: str, actor: Actor) -> list[str]:
    return [hit.title for group in find(text, actor) for hit in group.hits]


@pytest.mark.parametrize(
    "text",
    ["дули", "Иван Дул", "dulikov", "Dulik", "lbrjdf", "левд", "8 (920) 123", "123-45-67", "+7920", "ivan@avto", "автопром.рф"],
)
def test_customer_is_found_by_any_part(cast: Cast, by: Actor, text: str) -> None:
    a_person(cast, "Иван Левдуликов", email="ivan@avtoprom.example", phone="+79201234567", external_id="ДИ-17")
    a_person(cast, "Иван Дуликов", email="ivan@автопром.рф", phone="8 920 123-45-67")
    a_person(cast, "Мария Сидорова", email="maria@example.org", phone="+40219998877")
    if text == "lbrjdf":
        assert names("lekbrjd", by) == ["Иван Дуликов", "Иван Левдуликов"]
    elif text == "левд":
        assert names(text, by) == ["Иван Левдуликов"]
    else:
        found = names(text, by)
        assert "Иван Дуликов" in found
        assert "Мария Сидорова" not in found


def test_romanian_and_ukrainian_names_are_found_without_their_marks(cast: Cast, by: Actor) -> None:
    a_person(cast, "Ștefan Țurcanu")
    a_person(cast, "Їжакевич Ґанна")
    a_person(cast, "Юлия Щербакова")
    assert names("stefan", by) == ["Ștefan Țurcanu"]
    assert names("turcanu", by) == ["Ștefan Țurcanu"]
    assert names("їжак", by) == ["Їжакевич Ґанна"]
    assert names("Yulia Shcherb", by) == ["Юлия Щербакова"]


def test_search_shows_only_what_may_be_seen(cast: Cast, by: Actor) -> None:
    a_person(cast, "Иван Чужой", responsible=cast.manager.pk)
    gone = a_person(cast, "Иван Удалённый")
    mine = a_person(cast, "Иван Мой", responsible=cast.seller.pk)
    own = Actor(tenant=cast.company.pk, label="", user=cast.seller.pk, reach={"party": Reach.OWN})
    bin_party(gone, by=by)
    assert names("иван", own) == [mine.name]
    assert len(names("иван", by)) == 2
    with tenant_scope(cast.other_company.pk):
        assert find("иван", by) == []


def test_new_name_is_found_at_once(cast: Cast, by: Actor) -> None:
    party = a_person(cast, "Иван Старый")
    change_party(party, {"name": "Пётр Новый"}, by=by)
    assert names("новый", by) == ["Пётр Новый"]
    assert names("старый", by) == []


def test_rules_ask_every_built_in_field(cast: Cast, by: Actor) -> None:
    firm = a_firm(cast, "Автопром", phone="+74951234567")
    person = a_person(cast, email="ivan@example.org", phone="89201234567", company=firm.pk, address={"city": "Рязань"})
    a_person(cast, "Молчун")
    set_tags(person, ["VIP"], by=by)
    asking = Asking(by)

    def found(rule: dict) -> list[str]:
        return sorted(matching("party", rule, asking).values_list("name", flat=True))

    vip = str(Tag.objects.get(name="Vip".upper()).pk)
    assert found({"field": "email", "contains": "IVAN@"}) == ["Иван Дуликов"]
    assert found({"field": "phone", "contains": "8 920 123"}) == ["Иван Дуликов"]
    assert found({"field": "email", "empty": True}) == ["Автопром", "Молчун"]
    assert found({"field": "email", "empty": False}) == ["Иван Дуликов"]
    assert found({"field": "tags", "in": [vip]}) == ["Иван Дуликов"]
    assert found({"field": "tags", "empty": True}) == ["Автопром", "Молчун"]
    assert found({"field": "company", "is": "автопром"}) == ["Иван Дуликов"]
    assert found({"field": "city", "is": "Рязань"}) == ["Иван Дуликов"]
    assert found({"has": "person", "where": [{"field": "city", "is": "Рязань"}]}) == ["Автопром"]
    assert found({"has": "company", "where": [{"field": "phone", "contains": "495"}]}) == ["Иван Дуликов"]
    for one in entities.get("party").fields:
        assert matching("party", {"field": one.name, "empty": True}, asking).count() <= 3


def test_rules_ask_relations_and_consents(cast: Cast, by: Actor) -> None:
    firm, person = a_firm(cast, address={"city": "Омск"}), a_person(cast)
    relate(person, firm, RelationType.objects.get(code="decides_for"), by=by)
    record_consent(person, channel="email", state="given", by=by)
    record_consent(firm, channel="email", state="given", by=by)
    record_consent(firm, channel="email", state="withdrawn", by=by)
    asking = Asking(by)

    def found(rule: dict) -> list[Party]:
        return list(matching("party", rule, asking))

    assert found({"related": "decides_for", "where": [{"field": "city", "is": "Омск"}]}) == [person]
    assert found({"related": "decides_for", "where": [{"field": "city", "is": "Томск"}]}) == []
    assert found({"related": "decides_for", "back": True}) == [firm]
    assert found({"consent": "email"}) == [person]
    assert found({"consent": "email", "is": "withdrawn"}) == [firm]
    for wrong in ({"consent": "pigeon"}, {"related": "decides_for", "where": 5}, {"consent": ["email"]}):
        with pytest.raises(Refusal):
            found(wrong)


def test_list_of_contacts_shows_finds_and_changes(cast: Cast, by: Actor) -> None:
    firm = a_firm(cast, "Автопром")
    person = a_person(cast, email="ivan@example.org", phone="89201234567", company=firm.pk, responsible=cast.seller.pk)
    client = Client()
    client.force_login(cast.owner)
    page = client.get("/c/romashka/contacts/").content.decode()
    for said in ("Иван Дуликов", "Автопром", "ivan@example.org", "Sergey"):
        assert said in page
    assert "Автопром</a></td>" in page
    assert "ivan@example.org" not in client.get("/c/romashka/contacts/?q=автопром").content.decode()
    assert "ivan@example.org" in client.get("/c/romashka/contacts/?q=dulikov").content.decode()
    changed = client.post(
        f"/c/romashka/lists/contacts/{person.pk}/phase/", {"value": "keep", "etag": f"{person.updated_at.timestamp():.6f}"}
    )
    assert changed.status_code == 200
    person.refresh_from_db()
    assert person.phase == "keep"


def test_bulk_verbs_change_many_and_are_undone(cast: Cast, by: Actor) -> None:
    people = [a_person(cast, f"Человек {number}") for number in range(3)]
    client = Client()
    client.force_login(cast.owner)
    ids = ",".join(str(party.pk) for party in people)
    tag = Tag.objects.create(entity="party", name="VIP", fold="vip")
    for verb, value in (("responsible", str(cast.seller.pk)), ("phase", "keep"), ("tags", str(tag.pk)), ("bin", "")):
        answer = client.post("/c/romashka/lists/contacts/bulk/run/", {"verb": verb, "value": value, "ids": ids})
        assert answer.status_code == 200, answer.content.decode()
        from dialogue.platform.lists.models import BulkEdit

        edit = BulkEdit.objects.order_by("-pk")[0]
        assert edit.count == 3
        answer = client.post(f"/c/romashka/lists/contacts/bulk/{edit.pk}/undo/")
        assert answer.status_code == 200
        edit.refresh_from_db()
        assert edit.restored == 3, verb
    assert Party.objects.filter(phase="acquire", responsible=None, tag_links=None).count() == 3


def test_palette_offers_records_and_commands(cast: Cast, by: Actor) -> None:
    a_person(cast)
    client = Client(headers={"HX-Target": "palette-found", "Accept-Language": "en"})
    client.force_login(cast.owner)
    found = client.get("/c/romashka/search/?q=дулик").content.decode()
    assert 'role="option"' in found
    assert "Иван Дуликов" in found
    commands = client.get("/c/romashka/search/?q=new con").content.decode()
    assert "New contact" in commands
    assert "data-into-sheet" in commands


def test_parts_are_looked_up_by_constants_of_the_company_alone(cast: Cast, by: Actor) -> None:
    a_person(cast)
    # A constant on the right side is what lets the index serve.
    condition = next(line for line in found_ids("party", "дуликов").explain().splitlines() if "@> '{" in line)
    ours, theirs = gram_numbers(by.tenant, "dulikov"), gram_numbers(cast.other_company.pk, "dulikov")
    assert all(str(gram) in condition for gram in ours)
    assert not set(ours) & set(theirs)
