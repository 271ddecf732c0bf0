"""Who asks too often is told to wait, and how long."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client, RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from dialogue.faces import limits
from dialogue.kit.throttle import Throttle
from tests.cast import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    for throttle in (limits.keys, limits.users, limits.addresses, limits.public):
        monkeypatch.setattr(throttle, "per_minute", 20)


@given(st.integers(1, 600), st.lists(st.floats(0, 5), max_size=80))
def test_no_more_pass_than_a_bucket_and_its_refill(per_minute: int, pauses: list[float]) -> None:
    throttle = Throttle(per_minute)
    now, passed = 0.0, 0
    for pause in pauses:
        now += pause
        passed += throttle.wait("somebody", now=now) == 0
    assert passed <= per_minute + now * per_minute / 60 + 1e-6
    waiting = throttle.wait("somebody", now=now)
    assert waiting == 0 or throttle.wait("somebody", now=now + waiting) == 0
    assert throttle.wait("somebody else", now=now) == 0


@pytest.mark.usefixtures("tight")
def test_address_is_told_to_wait() -> None:
    client = Client()
    for _ in range(20):
        assert client.get("/account/login/").status_code == 200
    answer = client.get("/account/login/", headers={"accept-language": "ru"})
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 3
    assert "Слишком много запросов" in answer.content.decode()
    assert client.get("/account/login/", REMOTE_ADDR="127.0.0.2").status_code == 200
    assert client.get("/healthz").status_code == 200


@pytest.mark.usefixtures("tight")
def test_user_is_told_to_wait_wherever_he_sits() -> None:
    cast = make_cast()
    client = Client()
    client.force_login(cast.owner)
    for number in range(20):
        assert client.get("/c/romashka/jobs/", REMOTE_ADDR=f"127.0.0.{number}").status_code == 200
    answer = client.get("/c/romashka/jobs/", REMOTE_ADDR="127.0.0.99")
    assert (answer.status_code, "Retry-After" in answer) == (429, True)
    other = Client()
    other.force_login(cast.manager)
    assert other.get("/c/romashka/jobs/").status_code == 200


@pytest.mark.usefixtures("tight")
def test_key_is_told_to_wait_with_a_problem() -> None:
    client = Client(headers={"authorization": "Bearer dlg_wrong"})
    statuses = [client.get("/api/v1/jobs", REMOTE_ADDR=f"127.0.1.{n}").status_code for n in range(21)]
    assert statuses == [401] * 20 + [429]
    answer = client.get("/api/v1/jobs", REMOTE_ADDR="127.0.1.99")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "too-many-requests"
    assert int(answer["Retry-After"]) >= 1


@pytest.mark.usefixtures("tight")
def test_guessing_keys_shuts_the_address_out() -> None:
    statuses = [
        Client(headers={"authorization": f"Bearer dlg_{number}"}).get("/api/v1/jobs").status_code for number in range(4)
    ]
    assert statuses[:2] == [401, 401]
    assert Client().get("/account/login/").status_code == 429


@pytest.mark.usefixtures("tight")
def test_second_origin_has_its_own_limit() -> None:
    with override_settings(ROOT_URLCONF="dialogue.faces.tracker.urls", MIDDLEWARE=settings.TRACKER_MIDDLEWARE):
        client = Client()
        statuses = [client.get("/nothing-here").status_code for _ in range(21)]
    assert statuses == [404] * 20 + [429]


def test_address_behind_our_proxy_is_the_one_it_saw() -> None:
    request = RequestFactory().get("/", headers={"x-forwarded-for": "198.51.100.1, 203.0.113.7"}, REMOTE_ADDR="127.0.0.1")
    assert limits.address_of(request) == "127.0.0.1"
    with override_settings(BEHIND_PROXY=True):
        assert limits.address_of(request) == "203.0.113.7"
