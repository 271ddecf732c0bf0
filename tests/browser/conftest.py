"""Chromium for the browser tests over a live server on loopback; a machine without it says what is missing.

`office.page_as(user)` opens a signed-in page, `assert_clean(page)` holds it to axe, the window's width and a silent console.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dialogue.platform.accounts.models import User
from tests.cast import Cast, make_cast

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
DESK, PHONE = (1440, 900), (390, 844)
GRAVE = {"serious", "critical"}
PATIENCE = 10_000
SETTLE_SECONDS = 10.0


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    found = os.environ.get("DIALOGUE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip("No Chromium here. On Debian: apt-get install chromium-headless-shell")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Office:
    """The live office with its cast."""

    cast: Cast
    url: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The company's address."""
        return f"{self.url}/c/{self.cast.company.login}"

    def page(
        self, size: tuple[int, int] = DESK, *, dark: bool = False, language: str = "en", cookies: dict[str, str] | None = None
    ) -> Page:
        """Return a page of somebody unknown; what its console says against us is collected in `page.complaints`."""
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale=language,
            has_touch=size == PHONE,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        given = {settings.LANGUAGE_COOKIE_NAME: language, **(cookies or {})}
        context.add_cookies([{"name": name, "value": value, "url": self.url} for name, value in given.items()])
        self.contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.complaints = complaints  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}") if said.type == "error" else None)
        return page

    def page_as(self, user: User, size: tuple[int, int] = DESK, *, dark: bool = False, language: str = "en") -> Page:
        """Return a page of a signed-in person, who reads `language`."""
        User.objects.filter(pk=user.pk).update(language=language)
        client = Client()
        client.force_login(User.objects.get(pk=user.pk))
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        return self.page(size, dark=dark, language=language, cookies={settings.SESSION_COOKIE_NAME: session})

    def close(self) -> None:
        """Close every page before the database is emptied under it."""
        for context in self.contexts:
            context.close()


@pytest.fixture
def office(chromium: Browser, live_server: Any) -> Iterator[Office]:
    """The office of the cast, live, in this test's own database."""
    opened = Office(make_cast(), live_server.url, chromium)
    yield opened
    opened.close()
    _wait_for_the_last_answer()


def _wait_for_the_last_answer() -> None:
    """A page that is closed may still be asked for by a thread of the server: emptying the tables under it is a deadlock."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + SETTLE_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(f"{busy} AND state <> 'idle'")
            answering = any("process_request_thread" in thread.name for thread in threading.enumerate())
            if not answering and not cursor.fetchone()[0]:
                return
            time.sleep(0.02)


def faults_of(page: Page) -> list[str]:
    """Return what is wrong with the page as it stands: axe's grave findings, sideways scroll, complaints of the console."""
    if not AXE.exists():
        pytest.skip("axe-core is missing: run ./dev setup")
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    faults = [
        f"axe {one['id']} ({one['impact']}): {'; '.join(node['html'][:160] for node in one['nodes'][:3])}"
        for one in found
        if one["impact"] in GRAVE
    ]
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if wide > window:
        faults.append(f"scrolls sideways: {wide} px in a window of {window} px")
    return faults + list(page.complaints)  # type: ignore[attr-defined]


def assert_clean(page: Page) -> None:
    """Refuse a page with a grave finding of axe, a sideways scroll or a complaint in the console."""
    faults = faults_of(page)
    assert not faults, f"{page.url}\n" + "\n".join(faults)
