"""A customer's own time zone: on the card, in the dialog, for many at once, from files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from dialogue.customers.parties.actions import change_party
from dialogue.customers.parties.merging import merge_parties
from dialogue.customers.parties.models import Party
from dialogue.customers.parties.tests.test_imports import load
from dialogue.kit.errors import InvalidInput
from dialogue.kit.scope import tenant_scope
from dialogue.kit.zones import zone_named, zone_names, zones_in_words, zones_of_countries
from dialogue.platform.accounts.models import User
from dialogue.platform.imports.models import ImportRow
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db
BASE = "/c/romashka/contacts/"
FILE = """Имя;E-mail;Страна;Часовой пояс
Анна;anna@example.org;Молдавия;Asia/Tokyo
Пётр;petr@example.org;Молдавия;Europe/Kishinev-2
Ольга;olga@example.org;Украина;europe/kiev
Вера;vera@example.org;Украина;
"""


@pytest.fixture
def cast(settings: Any, tmp_path: Any) -> Iterator[Cast]:
    settings.FILES_FOLDER = tmp_path
    made = make_cast()
    User.objects.filter(pk=made.owner.pk).update(language="en")
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def client(cast: Cast) -> Client:
    made = Client(headers={"Accept-Language": "en"})
    made.force_login(cast.owner)
    return made


def test_old_names_and_careless_letters_name_the_zone_in_use() -> None:
    assert zone_named(" europe/KIEV ") == "Europe/Kyiv"
    assert zone_named("america/new york") == "America/New_York"
    assert zone_named("UTC") == zone_named("etc/utc") == "UTC"
    assert zone_named("Europe/Nowhere") == zone_named("") == ""
    assert {"Europe/Kyiv", "Europe/Chisinau", "UTC"} <= set(zone_names())
    assert not {"Europe/Kiev", "EST5EDT", "Etc/GMT+3"} & set(zone_names())
    assert all(zone_named(name) == name for name in zone_names())
    assert set(zones_of_countries().values()) <= {zone_named(name) for name in zones_of_countries().values()}
    assert dict(zones_in_words("ru"))["Europe/Chisinau"] == "Кишинев"


def test_card_says_whose_hours_hold_and_takes_a_zone_from_the_list(cast: Cast, client: Client) -> None:
    person = a_person(cast, address={"country": "MD"})
    url = f"{BASE}{person.pk}/field/time_zone/"
    assert "by country: Europe/Chisinau" in client.get(url).content.decode()
    form = client.get(f"{url}?edit=1").content.decode()
    assert 'list="offers-time_zone"' in form
    assert '<option value="Asia/Tokyo">Tokyo</option>' in form
    assert "Asia/Tokyo" in client.post(url, {"value": "asia/tokyo", "seen": '""'}).content.decode()
    assert Party.objects.get(pk=person.pk).time_zone == "Asia/Tokyo"
    refused = client.post(url, {"value": "Nowhere", "seen": '"Asia/Tokyo"'}).content.decode()
    assert "There is no time zone “Nowhere”: choose one of the list, for example Europe/Bucharest." in refused
    history = client.get(f"{BASE}{person.pk}/panel/history/").content.decode()
    assert "time zone" in history.lower()
    assert "Asia/Tokyo" in history
    stranger = a_person(cast, "Всюду")
    assert "as the company: Europe/Moscow" in client.get(f"{BASE}{stranger.pk}/field/time_zone/").content.decode()


def test_new_contact_takes_a_zone_or_says_what_is_wrong(cast: Cast, client: Client) -> None:
    form = client.get(f"{BASE}new/").content.decode()
    assert '<option value="Europe/Chisinau">' in form
    wrong = client.post(f"{BASE}new/", {"kind": "person", "last_name": "Ион", "time_zone": "Moldova"})
    assert wrong.status_code == 422
    assert "There is no time zone “Moldova”" in wrong.content.decode()
    assert client.post(f"{BASE}new/", {"kind": "person", "last_name": "Ион", "time_zone": "Europe/Chisinau"}).status_code == 204
    assert Party.objects.get(last_name="Ион").time_zone == "Europe/Chisinau"


def test_zone_is_put_on_many_at_once(cast: Cast, client: Client) -> None:
    people = [a_person(cast, name) for name in ("Анна", "Пётр")]
    sent = {"verb": "time_zone", "ids": ",".join(str(one.pk) for one in people), "value": "Asia/Almaty"}
    assert client.post("/c/romashka/lists/contacts/bulk/run/", sent).status_code == 200
    assert set(Party.objects.values_list("time_zone", flat=True)) == {"Asia/Almaty"}


def test_file_gives_zones_and_refuses_an_unknown_one_by_its_row(cast: Cast) -> None:
    run = load(cast, FILE)
    assert (run.created, run.refused) == (3, 1)
    zones = dict(
        Party.objects.filter(pk__in=ImportRow.objects.filter(run=run, outcome="created").values("subject")).values_list(
            "name", "time_zone"
        )
    )
    assert zones == {"Анна": "Asia/Tokyo", "Ольга": "Europe/Kyiv", "Вера": ""}
    refused = ImportRow.objects.filter(run=run, outcome="refused").get()
    assert "Europe/Kishinev-2" in str(refused.reason)


def test_merge_takes_the_zone_that_is_known(cast: Cast) -> None:
    kept, gone = a_person(cast, "Анна"), a_person(cast, "Аня", time_zone="Asia/Tokyo")
    merge_parties(kept, gone, by=cast.actor(cast.owner))
    assert Party.objects.get(pk=kept.pk).time_zone == "Asia/Tokyo"


def test_unknown_zone_is_refused_by_its_field(cast: Cast) -> None:
    person = a_person(cast)
    with pytest.raises(InvalidInput) as refused:
        change_party(person, {"time_zone": "Mars/Olympus"}, by=cast.actor(cast.owner))
    assert "time_zone" in refused.value.errors


@pytest.mark.parametrize("heading", ["Time zone", "Часовой пояс", "Часовий пояс", "Fus orar", "Fusul orar"])
def test_heading_is_guessed_in_four_languages(cast: Cast, heading: str) -> None:
    run = load(cast, f"Name;{heading}\nAnna;Europe/Kyiv\n")
    assert run.created == 1
    assert Party.objects.get(name="Anna").time_zone == "Europe/Kyiv"
