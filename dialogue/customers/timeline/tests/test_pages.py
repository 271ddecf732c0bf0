"""The dialogue on the card and the page of events, through the doors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.actions import create_source
from dialogue.customers.timeline.actions import record_entries, record_touch
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.fields import entities
from dialogue.platform.criteria.rules import Compiler
from tests.cast import Cast, a_person, make_cast

BASE = "/c/romashka"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def ivan(cast: Cast) -> Party:
    return a_person(cast, "Иван Дуликов", email="dulikov@avtoprom.example.org")


@pytest.fixture
def seller(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.seller)
    return client


def entries(cast: Cast) -> list[Entry]:
    with tenant_scope(cast.company.pk):
        return list(Entry.objects.order_by("id"))


def test_note_call_and_meeting_are_recorded_from_the_box(cast: Cast, ivan: Party, seller: Client) -> None:
    address = f"{BASE}/contacts/{ivan.pk}/timeline/add/"
    for kind, minutes in (("note", ""), ("call", "6"), ("called", "2"), ("call_missed", ""), ("meeting", "")):
        answer = seller.post(
            address, {"kind": kind, "body": f"о чём: {kind}", "minutes": minutes}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 200
        assert f"о чём: {kind}" in answer.content.decode()
    assert [entry.kind for entry in entries(cast)] == ["note", "call", "called", "call_missed", "meeting"]
    refused = seller.post(address, {"kind": "note", "body": " "}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    wrong = seller.post(address, {"kind": "call", "body": "половина слова", "minutes": "пять"}, headers={"HX-Request": "true"})
    assert wrong.status_code == 422
    assert "половина слова" in wrong.content.decode()
    assert seller.post(address, {"kind": "bought", "body": "x"}, headers={"HX-Request": "true"}).status_code == 422
    assert len(entries(cast)) == 5
    assert seller.post(address, {"kind": "note", "body": "без htmx"}).status_code == 302


def test_answer_is_recorded_by_hand_under_its_touch(cast: Cast, ivan: Party, seller: Client) -> None:
    with tenant_scope(cast.company.pk):
        touch = record_touch(ivan, kind="message", subject="Пришлите расценки?", by=cast.actor(cast.owner))
    address = f"{BASE}/entries/{touch.pk}/answer/"
    assert "Пришлите расценки?" in seller.get(address).content.decode()
    assert seller.post(address, {"kind": "message", "body": "x"}, headers={"HX-Request": "true"}).status_code == 422
    assert seller.post(address, {"kind": "bought", "amount": "много"}, headers={"HX-Request": "true"}).status_code == 422
    done = seller.post(address, {"kind": "bought", "amount": "1 500,50", "body": "Беру"}, headers={"HX-Request": "true"})
    assert done.status_code == 204
    assert "dialogue:changed" in done["HX-Trigger"]
    bought = entries(cast)[-1]
    assert (bought.touch, bought.kind, str(bought.amount)) == (touch.pk, "bought", "1500.5000")
    shown = seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    assert shown.index("Пришлите расценки?") < shown.index("Беру")
    assert seller.post(f"{BASE}/entries/{bought.pk}/strike/").status_code == 302
    assert len(entries(cast)) == 1


def test_long_dialogue_is_read_page_by_page(cast: Cast, ivan: Party, seller: Client) -> None:
    now = timezone.now()
    with tenant_scope(cast.company.pk):
        drafts = [EntryDraft(ivan.pk, "note", now - timedelta(days=day), body=f"заметка {day}.") for day in range(1, 71)]
        # Several at one moment must not fall between two pages.
        drafts += [EntryDraft(ivan.pk, "note", now - timedelta(days=30), body=f"вместе {number}.") for number in range(5)]
        record_entries(drafts, by=cast.actor(cast.owner))
    address, seen, pages = f"{BASE}/contacts/{ivan.pk}/timeline/", "", 0
    while address:
        text = seller.get(address).content.decode()
        seen += text
        pages += 1
        mark = text.rfind("?after=")
        address = ""
        if mark > 0:
            address = f"{BASE}/contacts/{ivan.pk}/timeline/" + text[mark : text.index('"', mark)].replace("&amp;", "&")
    assert pages == 3
    assert all(seen.count(f">{draft.body}<") == 1 for draft in drafts)


def test_dialogue_is_read_in_few_queries(
    cast: Cast, ivan: Party, seller: Client, django_assert_max_num_queries: object
) -> None:
    now = timezone.now()
    with tenant_scope(cast.company.pk):
        touches = record_entries(
            [EntryDraft(ivan.pk, "letter", now - timedelta(days=day)) for day in range(25)], by=cast.actor(cast.owner)
        )
        record_entries([EntryDraft(ivan.pk, "reply", now, touch=pk, body="да") for pk in touches], by=cast.actor(cast.owner))
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        assert seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").status_code == 200


def test_events_of_the_company_are_listed_and_filtered(cast: Cast, ivan: Party, seller: Client) -> None:
    olga = a_person(cast, "Ольга Панина")
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        touch = record_touch(ivan, kind="letter", way="email", subject="Письмо Ивану", by=by)
        record_entries([EntryDraft(olga.pk, "called", timezone.now(), body="Звонок Ольги", touch=None)], by=by)
    assert touch
    everything = seller.get(f"{BASE}/events/").content.decode()
    assert "Письмо Ивану" in everything
    assert "Звонок Ольги" in everything
    answered = seller.get(f"{BASE}/events/?f.side=in").content.decode()
    assert "Письмо Ивану" not in answered
    assert "Звонок Ольги" in answered
    found = seller.get(f"{BASE}/events/?q=Панин").content.decode()
    assert "Звонок Ольги" in found
    assert "Письмо Ивану" not in found


def test_customers_are_asked_by_what_was_said_to_them(cast: Cast, ivan: Party) -> None:
    olga = a_person(cast, "Ольга Панина")
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        record_touch(ivan, kind="letter", way="email", subject="x", by=by)
        party = entities.get("party")
        rule = {"lacks": "touch", "where": [{"field": "way", "is": "email"}, {"field": "at", "within": "14d"}]}
        found = Party.objects.filter(Compiler(party, asking_of(by, cast.company)).compile(rule))
        assert list(found) == [olga]


def test_stranger_sees_no_dialogue(cast: Cast, ivan: Party) -> None:
    client = Client()
    client.force_login(cast.stranger)
    for page in (f"contacts/{ivan.pk}/timeline/", "events/"):
        assert client.get(f"{BASE}/{page}").status_code == 404
    assert client.get(f"/c/other/contacts/{ivan.pk}/timeline/").status_code == 404
    assert client.post(f"/c/other/contacts/{ivan.pk}/timeline/add/", {"kind": "note", "body": "x"}).status_code == 404


def test_answer_is_recorded_by_hand_against_a_campaign(cast: Cast, ivan: Party, seller: Client) -> None:
    with tenant_scope(cast.company.pk):
        touch = record_touch(ivan, kind="message", subject="Пришлите расценки?", by=cast.actor(cast.owner))
        campaign = create_source(name="Выставка 2026", by=cast.actor(cast.owner))
    address = f"{BASE}/contacts/{ivan.pk}/answer/"
    form = seller.get(address).content.decode()
    assert "Выставка 2026" in form
    assert "Пришлите расценки?" in form
    assert address in seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    for wrong in ({"source": "999999"}, {"source": "x"}, {"touch": "999999"}, {"kind": "letter"}):
        given = {"kind": "came", "body": "был на стенде"} | wrong
        refused = seller.post(address, given, headers={"HX-Request": "true"})
        assert refused.status_code == 422
        assert "был на стенде" in refused.content.decode()
    assert seller.post(address, {"kind": "came", "source": campaign.pk}, headers={"HX-Request": "true"}).status_code == 204
    both = {"kind": "reply", "source": campaign.pk, "touch": touch.pk, "body": "Да"}
    assert seller.post(address, both, headers={"HX-Request": "true"}).status_code == 204
    assert [(one.kind, one.touch, one.source) for one in entries(cast)[-2:]] == [
        ("came", None, campaign.pk),
        ("reply", touch.pk, campaign.pk),
    ]
