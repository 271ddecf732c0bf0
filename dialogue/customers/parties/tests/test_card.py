"""The customer card and its dialogs, through the browser's requests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dialogue.customers.parties.cards import CardButton, Fact, Panel, Place, card_buttons, card_facts, card_panels
from dialogue.customers.parties.details import record_consent, relate
from dialogue.customers.parties.models import Address, Consent, ContactPoint, Party, PartyRelation, RelationType
from dialogue.kit.actors import Actor
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.actions import define_characteristic
from tests.cast import Cast, a_firm, a_person, make_cast

pytestmark = pytest.mark.django_db
BASE = "/c/romashka/contacts/"


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


@pytest.fixture
def client(cast: Cast) -> Client:
    made = Client(headers={"Accept-Language": "en"})
    made.force_login(cast.owner)
    return made


def test_card_shows_who_how_and_who_decides(cast: Cast, by: Actor, client: Client) -> None:
    define_characteristic("party", label="Потенциал", kind="choice", choices=["высокий"], by=by, filterable=True)
    firm = a_firm(cast, "ООО «Автопром»")
    person = a_person(
        cast, email="d@avtoprom.example", phone="89201234567", company=firm.pk, position="Директор по ИТ", decision="decides",
        address={"city": "Рязань"}, characteristics={"potentsial": "vysokii"},
    )  # fmt: skip
    a_person(cast, "О. Панина", company=firm.pk, position="главбух", decision="influences")
    relate(person, firm, RelationType.objects.get(code="pays_for"), by=by)
    record_consent(person, channel="email", state="given", by=by)
    record_consent(person, channel="sms", state="refused", by=by)
    page = client.get(f"{BASE}{person.pk}/").content.decode()
    for said in (
        "Иван Дуликов",
        "Директор по ИТ",
        "ООО «Автопром»",
        "+7 920 123-45-67",
        "О. Панина",
        "главбух",
        "высокий",
        "платит за",
    ):
        assert said in page
    assert page.count('class="chip good"') == 1
    firm_page = client.get(f"{BASE}{firm.pk}/?tab=people").content.decode()
    assert "О. Панина" in firm_page
    assert 'aria-current="page">People' in firm_page


def test_card_costs_few_queries(cast: Cast, by: Actor, client: Client) -> None:
    firm = a_firm(cast)
    person = a_person(cast, email="d@avtoprom.example", company=firm.pk)
    for number in range(5):
        relate(person, a_person(cast, f"Друг {number}"), RelationType.objects.get(code="relative"), by=by)
    client.get(f"{BASE}{person.pk}/")
    with CaptureQueriesContext(
        connection,
    ) as shell:
        client.get("/c/romashka/search/?q=")
    with CaptureQueriesContext(connection) as whole:
        client.get(f"{BASE}{person.pk}/?tab=details")
    own = [one["sql"] for one in whole if ' FROM "parties_' in one["sql"] or ' FROM "criteria_' in one["sql"]]
    assert len(own) <= 8, own
    # Deals, tasks and purchases add one or two each.
    assert len(whole) - len(shell) <= 13, [one["sql"][:90] for one in whole]


def test_other_rooms_add_panels_facts_and_buttons(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    panel = Panel("test", "Testing", Place.MIDDLE, lambda request, party: f"<p>of {party.name}</p>", order=1)
    with (
        card_panels.temporarily("test", panel),
        card_facts.temporarily("test", lambda request, party: [Fact("Worth", "486", "7 purchases", accent=True)]),
        card_buttons.temporarily("test", CardButton("Ring", lambda party: f"/ring/{party.pk}/", main=True)),
    ):
        page = client.get(f"{BASE}{person.pk}/").content.decode()
    for said in ("Testing", "of Иван Дуликов", "Worth", "7 purchases", f"/ring/{person.pk}/"):
        assert said in page


def test_unseen_customer_is_not_found(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    for path in ("", "panel/contacts/", "field/phase/", "reach/", "address/", "relation/", "consent/", "delete/"):
        assert client.get(f"{BASE}{person.pk}/{path}").status_code == 200
        assert client.get(f"{BASE}{10**9}/{path}").status_code == 404
    stranger = Client()
    stranger.force_login(cast.stranger)
    assert stranger.get(f"{BASE}{person.pk}/").status_code == 404


def test_new_person_makes_his_company_and_opens_his_card(cast: Cast, client: Client) -> None:
    assert "New contact" in client.get(f"{BASE}new/").content.decode()
    given = {
        "kind": "person",
        "last_name": "Панина",
        "first_name": "Ольга",
        "phone": "8 920 000-00-01",
        "company_text": "Автопром",
    }
    answer = client.post(f"{BASE}new/", given)
    party = Party.objects.get(last_name="Панина")
    assert answer["HX-Redirect"] == f"{BASE}{party.pk}/"
    assert party.company is not None
    assert party.company.name == "Автопром"
    assert party.responsible_id == cast.owner.pk
    client.post(f"{BASE}new/", given | {"phone": "", "last_name": "Другая"})
    assert Party.objects.filter(kind="company").count() == 1
    wrong = client.post(f"{BASE}new/", {"kind": "person", "phone": "abc", "last_name": ""})
    assert wrong.status_code == 422
    assert "+7 920 123-45-67" in wrong.content.decode()


def test_likely_duplicates_are_shown_while_typing(cast: Cast, client: Client) -> None:
    a_person(cast, "Дуликов Иван", phone="+79201234567")
    for query in ("phone=8 920 123-45-67", "last_name=Dulikov&first_name=Ivan", "last_name=дуликов&first_name=иван"):
        assert "Дуликов Иван" in client.get(f"{BASE}duplicates/?kind=person&{query}").content.decode(), query
    assert client.get(f"{BASE}duplicates/?kind=person&last_name=Сидоров&first_name=Пётр").content.decode().strip() == ""


def test_field_is_changed_in_its_place_and_a_stale_change_is_shown(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    form = client.get(f"{BASE}{person.pk}/field/position/?edit=1").content.decode()
    seen = re.search(r'name="seen" value="([^"]*)"', form)[1].replace("&quot;", '"')
    answer = client.post(f"{BASE}{person.pk}/field/position/", {"value": "директор", "seen": seen})
    assert "директор" in answer.content.decode()
    stale = client.post(f"{BASE}{person.pk}/field/position/", {"value": "бухгалтер", "seen": seen}).content.decode()
    assert "it now says “директор”" in stale
    person.refresh_from_db()
    assert person.position == "директор"
    again = re.search(r'name="seen" value="([^"]*)"', stale)[1].replace("&quot;", '"')
    client.post(f"{BASE}{person.pk}/field/position/", {"value": "бухгалтер", "seen": again})
    person.refresh_from_db()
    assert person.position == "бухгалтер"


def test_every_editable_field_opens_and_takes_its_own_value(cast: Cast, by: Actor, client: Client) -> None:
    for kind, choices in (
        ("text", []),
        ("number", []),
        ("money", []),
        ("date", []),
        ("yes_no", []),
        ("choice", ["a"]),
        ("choices", ["a", "b"]),
        ("long_text", []),
    ):
        define_characteristic("party", label=f"Поле {kind}", code=f"f_{kind}", kind=kind, choices=choices, by=by)
    person = a_person(cast)
    wanted = {
        "phase": "keep", "responsible": str(cast.seller.pk), "tags": "VIP, рыба", "birth_on": "1980-05-01", "is_supplier": "yes",
        "characteristics.f_text": "да", "characteristics.f_number": "12", "characteristics.f_date": "2026-01-02",
        "characteristics.f_yes_no": "no", "characteristics.f_choice": "a", "characteristics.f_choices": ["a", "b"],
        "characteristics.f_long_text": "много",
    }  # fmt: skip
    for name, value in wanted.items():
        form = client.get(f"{BASE}{person.pk}/field/{name}/?edit=1").content.decode()
        seen = re.search(r'name="seen" value="([^"]*)"', form)[1].replace("&quot;", '"')
        answer = client.post(f"{BASE}{person.pk}/field/{name}/", {"value": value, "seen": seen})
        assert answer.status_code == 200
        assert 'role="alert"' not in answer.content.decode(), (name, answer.content.decode())
    money = client.post(f"{BASE}{person.pk}/field/characteristics.f_money/", {"value": "10", "currency": "RUB", "seen": "null"})
    assert "10" in money.content.decode()
    person.refresh_from_db()
    assert person.characteristics["f_choices"] == ["a", "b"]
    assert person.responsible_id == cast.seller.pk
    assert person.tag_links.count() == 2
    assert (
        "must be"
        in client.post(f"{BASE}{person.pk}/field/characteristics.f_number/", {"value": "xx", "seen": '"12"'}).content.decode()
    )


def test_contact_points_are_added_changed_and_removed(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    answer = client.post(f"{BASE}{person.pk}/reach/", {"kind": "email", "value": "a@example.org"})
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"]) == {"sheet:close": True, "panel:contacts": True}
    point = ContactPoint.objects.get(party=person)
    client.post(f"{BASE}{person.pk}/reach/{point.pk}/", {"verb": "verified"})
    assert "verified" in client.get(f"{BASE}{person.pk}/panel/contacts/").content.decode()
    wrong = client.post(f"{BASE}{person.pk}/reach/{point.pk}/", {"kind": "email", "value": "a"})
    assert wrong.status_code == 422
    client.post(f"{BASE}{person.pk}/reach/{point.pk}/", {"verb": "remove"})
    assert not ContactPoint.objects.exists()


def test_addresses_relations_and_consents_are_kept(cast: Cast, client: Client) -> None:
    person, firm = a_person(cast), a_firm(cast)
    client.post(f"{BASE}{person.pk}/address/", {"kind": "home", "city": "Омск", "country": "ru"})
    address = Address.objects.get()
    assert "Омск" in client.get(f"{BASE}{person.pk}/panel/details/").content.decode()
    client.post(f"{BASE}{person.pk}/address/{address.pk}/", {"verb": "remove"})
    assert not Address.objects.exists()
    works = RelationType.objects.get(code="works_at")
    client.post(f"{BASE}{firm.pk}/relation/", {"way": f"{works.pk}-", "other": str(person.pk), "since": "2020-01-01"})
    tie = PartyRelation.objects.get()
    assert (tie.first_id, tie.second_id) == (person.pk, firm.pk)
    wrong = client.post(f"{BASE}{firm.pk}/relation/", {"way": f"{works.pk}-", "other": ""})
    assert "Choose a customer" in wrong.content.decode()
    client.post(f"{BASE}{person.pk}/relation/{tie.pk}/", {"until": "2024-01-01"})
    tie.refresh_from_db()
    assert str(tie.until) == "2024-01-01"
    client.post(
        f"{BASE}{person.pk}/consent/", {"channel": "email", "purpose": "marketing", "state": "given", "source": "звонок"}
    )
    assert Consent.objects.get().source == "звонок"


def test_deleted_customer_goes_to_the_bin(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    answer = client.post(f"{BASE}{person.pk}/delete/")
    assert answer["HX-Redirect"] == BASE
    assert client.get(f"{BASE}{person.pk}/").status_code == 404
    assert "Иван Дуликов" in client.get("/c/romashka/settings/bin/").content.decode()


def test_picker_offers_customers_of_the_kind(cast: Cast, client: Client) -> None:
    a_person(cast, "Автопромов Иван")
    firm = a_firm(cast, "Автопром")
    offered = client.get(f"{BASE}pick/?kind=company&company_text=avtop").content.decode()
    assert f'data-value="{firm.pk}"' in offered
    assert "Автопромов" not in offered
    assert "new:" not in offered
    assert 'data-value="new:Автохолдинг"' in client.get(f"{BASE}pick/?fresh=1&company_text=Автохолдинг").content.decode()


def test_watcher_sees_but_does_not_change(cast: Cast, client: Client) -> None:
    from dialogue.platform.accounts.actions import invite_member
    from dialogue.platform.accounts.models import Role, User

    person = a_person(cast, phone="+79201234567")
    watching = Role.objects.create(code="watcher", name="Watcher", permissions=[], reach={"*": "all"})
    invite_member("w@example.org", roles=[watching], by=cast.actor(cast.owner), name="W")
    watcher = Client(headers={"Accept-Language": "en"})
    watcher.force_login(User.objects.get(email="w@example.org"))
    page = watcher.get(f"{BASE}{person.pk}/").content.decode()
    assert "Иван Дуликов" in page
    assert "?edit=1" not in page
    assert watcher.get(f"{BASE}{person.pk}/field/phase/?edit=1").status_code == 403
    assert watcher.post(f"{BASE}{person.pk}/field/phase/", {"value": "keep", "seen": '"acquire"'}).status_code == 403
    assert watcher.post(f"{BASE}{person.pk}/delete/").status_code == 403
