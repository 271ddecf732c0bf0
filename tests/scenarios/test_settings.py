"""The owner sets up the company: its facts, its people, its roles, its keys; nobody climbs above what he holds."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import invite_member, make_key, remove_member
from dialogue.platform.accounts.models import ApiKey, Membership, Role, User
from dialogue.platform.accounts.places import change_member, save_role
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import optional_rooms
from tests.api.conftest import caller_of
from tests.cast import Cast, a_deal, a_person, make_cast

pytestmark = pytest.mark.django_db
BASE = "/c/romashka/settings/"
FACTS = {
    "name": "Ромашка и Ко",
    "language": "uk",
    "country": "UA",
    "currency": "UAH",
    "time_zone": "Europe/Kyiv",
    "week_start": "1",
}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(user: User) -> Client:
    client = Client()
    User.objects.filter(pk=user.pk).update(language="en")
    client.force_login(user)
    return client


def role(cast: Cast, code: str) -> Role:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        found: Role = Role.objects.get(code=code)
        return found


def administrator(cast: Cast) -> User:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        invite_member("vera@example.org", roles=[role(cast, "administrator")], by=cast.actor(cast.owner), name="Vera")
    return User.objects.get(email="vera@example.org")


def test_company_facts_are_changed_and_wrong_ones_named(cast: Cast) -> None:
    client = client_of(cast.owner)
    rooms = {"rooms": ["deals"]}
    assert client.post(BASE + "company/", FACTS | rooms).status_code == 302
    with transaction.atomic(), tenant_scope(cast.company.pk):
        assert Tenant.objects.get(pk=cast.company.pk).time_zone == "Europe/Kyiv"
    wrong = client.post(BASE + "company/", FACTS | {"time_zone": "Kyiv", "currency": "XXZ", "name": " "})
    assert wrong.status_code == 422
    assert wrong.content.decode().count('class="wrong"') == 3
    assert client_of(cast.seller).post(BASE + "company/", FACTS).status_code == 403


def test_switched_off_room_is_gone_from_menu_pages_api_and_jobs(cast: Cast) -> None:
    client = client_of(cast.owner)
    api = caller_of(cast.company, cast.owner, cast.owner)
    with optional_rooms.temporarily("rates", "Rates"):
        assert client.post(BASE + "company/", FACTS | {"rooms": ["rates", "deals"]}).status_code == 302
        assert api.get("/rates").status_code == client.get(BASE + "rates/").status_code == 200
        assert 'href="/c/romashka/deals/"' in client.get("/c/romashka/").content.decode()
        assert client.post(BASE + "company/", FACTS).status_code == 302
        assert api.get("/rates").status_code == client.get(BASE + "rates/").status_code == 404
        assert api.get("/rates")["Content-Type"] == "application/problem+json"
        assert 'href="/c/romashka/deals/"' not in client.get("/c/romashka/").content.decode()
    with transaction.atomic(), tenant_scope(cast.company.pk):
        arguments = {"action": "deals.win_deal", "args": [], "kwargs": {}, "by": {}}
        job = Job.objects.create(kind="audit.action", title="x", arguments=arguments)
    run_job(cast.company.pk, job.pk)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED


def test_invited_person_signs_in_by_the_link_shown_once(cast: Cast) -> None:
    client = client_of(cast.owner)
    given = {"email": "new@example.org", "name": "New", "roles": [role(cast, "employee").pk]}
    page = client.post(BASE + "members/", given).content.decode()
    [path] = re.findall(r"(/sign-in/[\w-]+/)", page)
    fresh = Client()
    assert fresh.post(path).status_code == 302
    assert fresh.get("/c/romashka/").status_code == 200
    assert "sign-in/" not in client.post(BASE + "members/", given).content.decode()


def test_link_of_a_person_of_another_company_is_not_shown(cast: Cast) -> None:
    given = {"email": cast.stranger.email, "roles": [role(cast, "employee").pk]}
    page = client_of(cast.owner).post(BASE + "members/", given)
    assert page.status_code == 200
    assert "/sign-in/" not in page.content.decode()


def test_wrong_invitation_keeps_what_was_typed(cast: Cast) -> None:
    page = client_of(cast.owner).post(BASE + "members/", {"email": "nonsense", "name": "Typed"})
    assert page.status_code == 422
    assert 'value="nonsense"' in page.content.decode()
    assert client_of(cast.seller).post(BASE + "members/", {"email": "a@example.org"}).status_code == 403


def test_nobody_climbs_above_what_he_holds(cast: Cast) -> None:
    vera = administrator(cast)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        by, owner = cast.actor(vera), Membership.objects.get(user=cast.owner)
        place = Membership.objects.get(user=vera)
        for attempt in (
            lambda: invite_member("x@example.org", roles=[role(cast, "owner")], by=by),
            lambda: change_member(place, roles=[role(cast, "owner")], team=None, by=by),
            lambda: change_member(owner, roles=[role(cast, "employee")], team=None, by=by),
            lambda: remove_member(owner, by=by),
            lambda: make_key("x", by=by, scopes=["*"], user=cast.owner),
        ):
            with pytest.raises(NotPermitted):
                attempt()
        narrow = save_role("Narrow", permissions=["company:members:write"], reach={}, by=by)
        change_member(Membership.objects.get(user=cast.seller), roles=[narrow], team=None, by=by)
        with pytest.raises(NotPermitted):
            save_role("Wider", permissions=["company:settings:write"], reach={}, by=cast.actor(cast.seller))


def test_last_owner_stays(cast: Cast) -> None:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        by, place = cast.actor(cast.owner), Membership.objects.get(user=cast.owner)
        with pytest.raises(Refusal, match="last owner"):
            remove_member(place, by=by)
        with pytest.raises(Refusal, match="last owner"):
            change_member(place, roles=[role(cast, "employee")], team=None, by=by)


def test_own_role_decides_what_its_members_may(cast: Cast) -> None:
    client = client_of(cast.owner)
    given = {"name": "Bookkeeper", "permissions": ["company:rates:write"], "reach.*": "all"}
    assert client.post(BASE + "roles/new/", given).status_code == 302
    with transaction.atomic(), tenant_scope(cast.company.pk):
        own = Role.objects.get(name="Bookkeeper")
        place = Membership.objects.get(user=cast.seller)
    assert client.post(f"{BASE}members/{place.pk}/", {"roles": [own.pk], "title": "x"}).status_code == 302
    actor = cast.actor(cast.seller)
    assert actor.can("company:rates:write")
    assert not actor.can("parties:party:write")
    held = client.post(f"{BASE}roles/{own.pk}/remove/")
    assert held.status_code == 409


def test_stale_role_shows_both_values_and_saves_the_chosen(cast: Cast) -> None:
    client = client_of(cast.owner)
    own = role(cast, "operator")
    page = client.get(f"{BASE}roles/{own.pk}/").content.decode()
    [etag] = re.findall(r'name="etag" value="([^"]+)"', page)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        save_role("Call centre", permissions=own.permissions, reach=own.reach, role=own, by=cast.actor(cast.owner))
    given = {"name": "Telephonist", "permissions": own.permissions, "etag": etag, "reach.*": "all"}
    stale = client.post(f"{BASE}roles/{own.pk}/", given)
    said = stale.content.decode()
    assert stale.status_code == 412
    assert "Call centre" in said
    assert "Telephonist" in said
    [etag] = re.findall(r'name="etag" value="([^"]+)"', said)
    assert client.post(f"{BASE}roles/{own.pk}/", given | {"etag": etag}).status_code == 302
    assert role(cast, "operator").name == "Telephonist"


def test_key_is_shown_once_and_revoked(cast: Cast) -> None:
    client = client_of(cast.owner)
    page = client.post(BASE + "keys/", {"name": "shop", "all": "1"}).content.decode()
    [secret] = re.findall(r"(dlg_[\w-]+)", page)
    assert secret not in client.get(BASE + "keys/").content.decode()
    sent: dict[str, Any] = {"headers": {"Authorization": f"Bearer {secret}"}}
    assert Client().get("/api/v1/company", **sent).status_code == 200
    with transaction.atomic(), tenant_scope(cast.company.pk):
        key = ApiKey.objects.get(name="shop")
    assert client_of(cast.seller).post(f"{BASE}keys/{key.pk}/revoke/").status_code == 404
    assert client.post(f"{BASE}keys/{key.pk}/revoke/").status_code == 302
    assert Client().get("/api/v1/company", **sent).status_code == 401


def test_teams_are_made_renamed_and_dissolved(cast: Cast) -> None:
    client = client_of(cast.owner)
    assert client.post(BASE + "teams/", {"name": "North"}).status_code == 302
    assert client.post(BASE + "teams/", {"name": "north"}).status_code == 409
    page = client.get(BASE + "members/").content.decode()
    [number] = re.findall(r'name="team" value="(\d+)"', page)
    assert client.post(BASE + "teams/", {"team": number, "name": "South"}).status_code == 302
    assert client.post(BASE + "teams/", {"team": number, "remove": "1"}).status_code == 302
    assert "South" not in client.get(BASE + "members/").content.decode()


def test_what_a_switched_off_room_adds_elsewhere_is_gone_too(cast: Cast) -> None:
    client = client_of(cast.owner)
    person = a_person(cast, "Иван Дуликов", email="ivan@example.org")
    a_deal(cast, "Сайт Дуликова", contact=person.pk)
    card, home, found, kinds, settings = (
        f"/c/romashka/contacts/{person.pk}/",
        "/c/romashka/",
        "/c/romashka/search/?q=дуликова",
        "/c/romashka/imports/new/",
        "/c/romashka/settings/",
    )
    words = {card: ("Deals", "Tasks", "Write"), home: ("Analytics",), found: ("Сайт Дуликова",), kinds: ("deals",)}

    def shown(path: str) -> str:
        answer = client.get(path, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    for path, expected in words.items():
        assert all(word in shown(path) for word in expected), path
    assert "Stages" in shown(settings) or "stages" in shown(settings)
    assert client.post(BASE + "company/", FACTS | {"rooms": []}).status_code == 302
    page = shown(card)
    # The dialogue keeps what was said; only the way there is gone.
    assert "/deals/" not in page
    assert 'id="panel-tasks"' not in page
    assert "Write a letter" not in page
    assert "Сайт Дуликова" not in shown(found)
    assert "Иван Дуликов" in shown("/c/romashka/search/?q=дуликов")
    assert 'value="deals"' not in shown(kinds)
    assert 'value="people"' in shown(kinds)
    for path in ("deals/", "tasks/", "analytics/", "purchases/"):
        assert client.get(f"/c/romashka/{path}").status_code == 404, path
    file = SimpleUploadedFile("deals.csv", b"Deal;Stage\nOne;Two\n", content_type="text/csv")
    refused = client.post(kinds, {"kind": "deals", "file": file})
    assert "Choose what the file holds: people, companies" in refused.content.decode()
