"""What a monitor and the log see: whether we serve and how, and never a person's data."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from dialogue.faces import health
from dialogue.faces import urls as office
from dialogue.kit.logs import JsonLine
from dialogue.platform.accounts.doors import open_page
from dialogue.platform.accounts.models import User
from tests.cast import make_cast

pytestmark = pytest.mark.django_db
PERSONAL = ("anna", "Анна", "Петрова", "+7 912 345-67-89", "9123456789", "Тайна", "dlg_")


@open_page
def breaks(request: HttpRequest) -> HttpResponse:
    User.objects.create_user("anna@example.org", name="Анна Петрова")
    with transaction.atomic():
        User.objects.create_user("anna@example.org", name="Анна Петрова")
    return HttpResponse()


@open_page
def quotes(request: HttpRequest, what: str) -> HttpResponse:
    message = f"cannot read {request.GET['q']!r} of anna@example.org, +7 912 345-67-89"
    raise ValueError(message)


urlpatterns = [*office.urlpatterns, path("breaks/", breaks), path("quotes/<str:what>/", quotes)]
handler404, handler500 = office.handler404, office.handler500


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything every logger says, as the installation writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLine())
    loggers = [logging.getLogger(name) for name in ("", "dialogue", "django.request")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
    loggers[0].addHandler(handler)
    yield written
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@override_settings(ROOT_URLCONF=__name__)
def test_log_lines_are_json_without_a_persons_data(log: io.StringIO) -> None:
    cast = make_cast()
    client = Client(raise_request_exception=False)
    client.post("/account/login/", {"login": "anna@example.org", "password": "Тайна и ещё раз тайна"})
    client.force_login(cast.owner)
    client.get("/c/romashka/jobs/", {"q": "Анна Петрова"})
    assert client.get("/breaks/").status_code == 500
    assert client.get("/quotes/anna@example.org/", {"q": "Анна Петрова"}).status_code == 500
    client.get("/sign-in/Rf3kQ9vTz1xYb7LmWq2pNc8dHs5uAe0J/")
    client.get("/api/v1/jobs", headers={"authorization": "Bearer dlg_secret"})
    logging.getLogger("dialogue.any").warning("wrote to %s and %s", "anna@example.org", "+7 912 345-67-89")
    written = log.getvalue()
    lines = [json.loads(line) for line in written.splitlines()]
    assert not [word for word in PERSONAL if word in written]
    assert "Rf3kQ9vTz1xYb7LmWq2pNc8dHs5uAe0J" not in written
    asked = next(line for line in lines if line.get("route") == "jobs/")
    assert (asked["company"], asked["status"], asked["method"]) == (cast.company.pk, 200, "GET")
    assert len(asked["request"]) == 12
    errors = [line["error"] for line in lines if "error" in line]
    assert any(error["type"].endswith("IntegrityError") and "sqlstate" in error["cause"] for error in errors)
    assert any("test_watching.py" in place for error in errors for place in error["at"])


def test_ready_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    assert client.get("/readyz").json() == {"ready": True, "problems": []}
    monkeypatch.setitem(health._structure, "current", False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations")
    monkeypatch.setattr(health, "is_structure_current", lambda: False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["database not migrated to this version"])


def test_metrics_are_for_this_machine_or_a_token() -> None:
    client = Client()
    make_cast()
    client.get("/healthz")
    text = client.get("/metrics").content.decode()
    for name in (
        "dialogue_requests_total{",
        'dialogue_jobs{status="todo"}',
        "dialogue_database_bytes",
        "dialogue_info{version=",
    ):
        assert name in text
    assert "romashka" not in text
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 403
    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 403
    with override_settings(METRICS_TOKEN="word"):
        assert client.get("/metrics").status_code == 403
        assert client.get("/metrics", REMOTE_ADDR="203.0.113.7", headers={"authorization": "Bearer word"}).status_code == 200
