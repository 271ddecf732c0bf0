"""Every address has an access door, and strangers find it shut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.cast import make_cast

FOREIGN = ("allauth.", "ninja.")


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


PATTERNS = [*patterns(get_resolver()), *patterns(get_resolver("dialogue.faces.tracker.urls"), "second origin: ")]


@pytest.mark.parametrize(("path", "view"), PATTERNS, ids=[path or "/" for path, _view in PATTERNS])
def test_address_has_a_door(path: str, view: Any) -> None:
    if getattr(view, "func", view).__module__.startswith(FOREIGN):
        return
    door = getattr(view, "access_door", None)
    assert door, f"/{path}: put @member_page or @open_page on the view."


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_office_is_shut_to_strangers(who: str) -> None:
    cast = make_cast()
    client = Client()
    if who == "stranger":
        client.force_login(cast.stranger)
    response = client.get("/c/romashka/jobs/")
    assert response.status_code == (404 if who == "stranger" else 302)
    assert "Ромашка" not in response.content.decode()
