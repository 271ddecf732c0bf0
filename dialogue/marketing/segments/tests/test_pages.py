"""Segments through their pages, the list of contacts and the customer's card."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.actions import create_source
from dialogue.customers.timeline.actions import record_response, record_touch
from dialogue.kit.actors import Actor
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments.actions import change_segment, create_segment
from dialogue.marketing.segments.models import HandPick, Membership, Segment
from dialogue.marketing.segments.picking import pick_people
from dialogue.platform.accounts.models import Role, User
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.lists.models import BulkEdit
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db
BASE = "/c/romashka"
RYAZAN = {"field": "city", "is": "Рязань"}


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    User.objects.filter(pk__in=[made.owner.pk, made.seller.pk, made.manager.pk]).update(language="en")
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


def client_of(user: User) -> Client:
    made = Client()
    made.force_login(user)
    return made


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.owner)


def people(cast: Cast, **cities: str) -> dict[str, Party]:
    made = {name: a_person(cast, name) for name in cities}
    for name, city in cities.items():
        Party.objects.filter(pk=made[name].pk).update(city=city)
    return made


def members(segment: Segment) -> set[str]:
    now = Membership.objects.current().filter(segment_id=segment.pk)
    return set(Party.objects.filter(pk__in=now.values("party_id")).values_list("name", flat=True))


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_page_says_who_how_many_and_how_they_answer(cast: Cast, by: Actor, client: Client) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев", Вера="Рязань")
    for name in ("Анна", "Борис"):
        record_touch(found[name], kind="letter", by=by)
    record_response(found["Анна"], kind="reply", by=by, touch=None)
    record_response(found["Борис"], kind="returned", by=by)
    made = create_segment("Рязанцы", RYAZAN, by=by)
    create_segment("Снаружи", {"in_segment": made.code}, by=by)
    client.post(f"{BASE}/segments/{made.pk}/rebuild/")
    page = client.get(f"{BASE}/segments/{made.pk}/").content.decode()
    said = text_of(page)
    assert "city is “Рязань”" in said
    assert "66.7 % of 3 customers" in said
    # One of the segment was written to and answered; of the base two, and a letter that came back is no answer.
    assert "Answered 100.0 %" in said
    assert "Answered, all customers 50.0 % n = 2 · the segment against all: × 2.0" in said
    assert "Снаружи" in said
    assert "f.segment=riazantsi" in page
    listed = client.get(f"{BASE}/contacts/?view=all&f.segment={made.code}").content.decode()
    assert ("Анна" in listed, "Вера" in listed, "Борис" in listed) == (True, True, False)


def test_list_shows_segments_one_may_see(cast: Cast, by: Actor, client: Client) -> None:
    create_segment("Моё", {"all": []}, by=by)
    assert "Моё" in client.get(f"{BASE}/segments/").content.decode()
    found = client.get(f"{BASE}/segments/?q=моЁ").content.decode()
    assert "Моё" in found
    # The seller sees his team's and nobody's.
    assert "Моё" not in client_of(cast.seller).get(f"{BASE}/segments/").content.decode()


def test_who_may_not_see_finds_nothing_and_who_may_not_change_is_refused(cast: Cast, by: Actor) -> None:
    hidden = create_segment("Чужое", {"all": []}, by=by)
    shown = create_segment("Ничьё", {"all": []}, by=by, responsible=cast.seller.pk)
    seller = client_of(cast.seller)
    assert seller.get(f"{BASE}/segments/{hidden.pk}/").status_code == 404
    assert seller.get(f"{BASE}/segments/{shown.pk}/").status_code == 200
    assert seller.post(f"{BASE}/segments/{shown.pk}/delete/").status_code == 403
    assert seller.get(f"{BASE}/segments/new/").status_code == 403
    assert client_of(cast.stranger).get(f"{BASE}/segments/{shown.pk}/").status_code == 404
    Role.objects.filter(code="employee").update(permissions=[])
    assert seller.get(f"{BASE}/segments/{shown.pk}/").status_code == 403
    assert seller.get(f"{BASE}/segments/").status_code == 403


def test_segment_is_copied_frozen_and_deleted_from_its_page(cast: Cast, by: Actor, client: Client) -> None:
    people(cast, Анна="Рязань")
    made = create_segment("Рязанцы", RYAZAN, by=by)
    copied = client.post(f"{BASE}/segments/{made.pk}/copy/", {"name": "Копия"}, follow=True).content.decode()
    assert "Копия" in copied
    taken = client.post(f"{BASE}/segments/{made.pk}/copy/", {"name": "копия"}, follow=True).content.decode()
    assert "There is another segment of this name" in taken
    client.post(f"{BASE}/segments/{made.pk}/freeze/")
    made.refresh_from_db()
    assert not made.is_dynamic
    outer = create_segment("Снаружи", {"in_segment": made.code}, by=by)
    refused = client.post(f"{BASE}/segments/{made.pk}/delete/", follow=True).content.decode()
    assert "take it out of the rule of “Снаружи” first" in refused
    client.post(f"{BASE}/segments/{outer.pk}/delete/")
    assert client.post(f"{BASE}/segments/{made.pk}/delete/").status_code == 302
    assert client.get(f"{BASE}/segments/{made.pk}/").status_code == 404
    assert "Рязанцы" in client.get(f"{BASE}/settings/bin/").content.decode()


def test_decision_by_hand_is_made_and_taken_back_in_dialogs(cast: Cast, by: Actor, client: Client) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев")
    made = create_segment("Рязанцы", RYAZAN, by=by)
    card = client.get(f"{BASE}/contacts/{found['Анна'].pk}/").content.decode()
    assert f"/segments/{made.pk}/" in card
    asked = client.get(f"{BASE}/segments/pick/?segment={made.pk}").content.decode()
    assert 'name="party"' in asked
    wrong = client.post(f"{BASE}/segments/pick/", {"segment": made.pk, "verdict": "in"})
    assert (wrong.status_code, "Choose a customer from the list." in wrong.content.decode()) == (422, True)
    put = {"segment": made.pk, "party": found["Борис"].pk, "verdict": "in", "note": "по телефону"}
    assert client.post(f"{BASE}/segments/pick/", put, headers={"HX-Request": "true"}).status_code == 204
    assert members(made) == {"Анна", "Борис"}
    page = text_of(client.get(f"{BASE}/segments/{made.pk}/").content.decode())
    assert "put in by hand" in page
    assert "по телефону" in page
    assert "put in by hand" in client.get(f"{BASE}/contacts/{found['Борис'].pk}/").content.decode()
    client.post(f"{BASE}/segments/pick/", put | {"verdict": "back"})
    assert members(made) == {"Анна"}
    assert not HandPick.objects.exists()


def test_many_contacts_are_put_into_a_segment_and_taken_back(cast: Cast, by: Actor, client: Client) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев", Вера="Киев")
    made = create_segment("Рязанцы", RYAZAN, by=by)
    pick_people(made, [found["Вера"].pk], "out", by=by)
    form = client.get(f"{BASE}/lists/contacts/bulk/?verb=segment_in").content.decode()
    assert '<option value="riazantsi"' in form
    ids = ",".join(str(one.pk) for one in found.values())
    done = client.post(f"{BASE}/lists/contacts/bulk/run/", {"verb": "segment_in", "ids": ids, "value": made.code})
    assert done.status_code == 200
    assert members(made) == {"Анна", "Борис", "Вера"}
    client.post(f"{BASE}/lists/contacts/bulk/{BulkEdit.objects.get().pk}/undo/")
    assert members(made) == {"Анна"}
    assert list(HandPick.objects.values_list("party__name", "verdict")) == [("Вера", "out")]


def test_chosen_contacts_become_a_segment(cast: Cast, by: Actor, client: Client) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев", Вера="Киев")
    ids = ",".join(str(found[name].pk) for name in ("Анна", "Борис"))
    client.post(f"{BASE}/lists/contacts/bulk/run/", {"verb": "segment_new", "ids": ids, "value": "Гости выставки"})
    made = Segment.objects.get()
    assert (made.name, made.kind, members(made)) == ("Гости выставки", "static", {"Анна", "Борис"})
    client.post(f"{BASE}/lists/contacts/bulk/{BulkEdit.objects.get().pk}/undo/")
    assert members(made) == set()
    create_segment("Все", {"all": []}, by=by)
    refused = client.post(f"{BASE}/lists/contacts/bulk/run/", {"verb": "segment_new", "ids": ids, "value": "все"})
    assert refused.status_code == 422


def test_undo_in_a_segment_filled_once_puts_back_exactly(cast: Cast, by: Actor, client: Client) -> None:
    found = people(cast, Анна="Рязань", Борис="Киев", Вера="Рязань")
    made = create_segment("Тогда", RYAZAN, by=by, kind="static")
    pick_people(made, [found["Вера"].pk], "out", by=by)
    ids = ",".join(str(one.pk) for one in found.values())
    client.post(f"{BASE}/lists/contacts/bulk/run/", {"verb": "segment_in", "ids": ids, "value": made.code})
    assert members(made) == {"Анна", "Борис", "Вера"}
    client.post(f"{BASE}/lists/contacts/bulk/{BulkEdit.objects.get().pk}/undo/")
    assert members(made) == {"Анна"}
    assert list(HandPick.objects.values_list("party__name", "verdict")) == [("Вера", "out")]


def test_search_finds_a_segment_by_its_name_of_now(cast: Cast, by: Actor, client: Client) -> None:
    made = create_segment("Рязанцы", RYAZAN, by=by)
    address = f"/segments/{made.pk}/"
    assert address in client.get(f"{BASE}/search/", {"q": "riazan"}).content.decode()
    change_segment(made, by=by, name="Москвичи")
    assert address in client.get(f"{BASE}/search/", {"q": "москв"}).content.decode()
    change_segment(made, by=by, responsible=cast.seller.pk)
    seller = client_of(cast.seller)
    assert address in seller.get(f"{BASE}/search/", {"q": "москв"}).content.decode()
    Role.objects.filter(code="employee").update(permissions=["search:read"])
    assert address not in seller.get(f"{BASE}/search/", {"q": "москв"}).content.decode()


def test_overlap_counts_every_combination(cast: Cast, by: Actor, client: Client) -> None:
    people(cast, Анна="Рязань", Борис="Киев", Вера="Рязань")
    first = create_segment("Рязань", RYAZAN, by=by)
    second = create_segment("На А и В", {"field": "name", "in": ["Анна", "Борис"]}, by=by)
    page = client.get(f"{BASE}/segments/overlap/?segment={first.code}&segment={second.code}").content.decode()
    rows = [text_of(row) for row in re.findall(r"<tr>(.*?)</tr>", page.split("<tbody>")[1], re.DOTALL)]
    assert sorted(rows) == ["no yes 1 33.3 %", "yes no 1 33.3 %", "yes yes 1 33.3 %"]
    alone = client.get(f"{BASE}/segments/overlap/?segment={first.code}&segment=unknown").content.decode()
    assert "Choose one more" in alone


def test_large_base_is_filled_by_a_job(cast: Cast, by: Actor, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from dialogue.marketing.segments import rebuilding

    people(cast, Анна="Рязань", Борис="Киев")
    monkeypatch.setattr(rebuilding, "FEW", 1)
    inner = create_segment("Внутри", RYAZAN, by=by)
    made = create_segment("Снаружи", {"in_segment": inner.code}, by=by, kind="static")
    assert (members(made), made.is_behind) == (set(), True)
    page = text_of(client.get(f"{BASE}/segments/{made.pk}/").content.decode())
    assert "Filling the segment “Снаружи”: waiting" in page
    run_job(cast.company.pk, made.job)
    assert Job.objects.get(pk=made.job).result == {"segment": made.pk, "size": 1, "joined": 1, "left": 0}
    assert members(inner) == members(made) == {"Анна"}
    client.post(f"{BASE}/segments/{inner.pk}/rebuild/")
    inner.refresh_from_db()
    assert Job.objects.get(pk=inner.job).is_open


def test_page_asks_the_same_for_many_versions_and_decisions(cast: Cast, by: Actor, client: Client) -> None:
    made = people(cast, **{f"Ion {number}": "Cluj" for number in range(4)})
    campaigns = [create_source(name=f"Campaign {number}", by=by) for number in range(4)]
    rules = [{"has": "response", "where": [{"field": "source", "is": str(one.pk)}]} for one in campaigns]
    segment = create_segment("Answered", rules[0], by=by)
    page = f"{BASE}/segments/{segment.pk}/"
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        assert "Campaign 0" in client.get(page).content.decode()
    for rule in rules[1:]:
        segment = change_segment(segment, by=by, tree=rule)
    pick_people(segment, [one.pk for one in made.values()], "in", by=by)
    with CaptureQueriesContext(connection) as many:
        shown = client.get(page).content.decode()
    assert all(f"Campaign {number}" in shown for number in range(4))
    assert all(name in shown for name in made)
    assert len(many) <= len(few), [one["sql"][:100] for one in many]
