"""Photograph every page of the demonstration company: two widths, two themes, four languages, with what is wrong on each.

    python tools/screenshots.py [PAGE …] [--languages en,ru,uk,ro] [--to docs/images] [--url URL]

Starts its own office in a temporary folder unless `--url` gives a sign-in address, and ends it. Prints one line per page:
rows seen without scrolling, sideways scroll, grave findings of axe, complaints of the console.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from dialogue.kit.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDTHS = {"desk": (1440, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
READY_SECONDS = 180
DEMO_SECONDS = 120


@dataclass(frozen=True)
class Shot:
    """One page: its address under the company, and the links followed from there ("" = none)."""

    name: str
    path: str
    follow: str = ""
    press: str = ""


SHOTS = (
    Shot("home", "/"),
    Shot("contacts", "/contacts/"),
    Shot("customer", "/deals/?view=all", follow="#list td.more a"),
    Shot("deals", "/deals/?view=open"),
    Shot("board", "/deals/board/"),
    Shot("deal", "/deals/?view=all", follow="#list td.title a"),
    Shot("tasks", "/tasks/"),
    Shot("events", "/events/"),
    Shot("analytics", "/analytics/"),
    Shot("imports", "/imports/"),
    Shot("import-new", "/imports/new/"),
    Shot("palette", "/", press="Control+k"),
    Shot("mailbox", "/mailbox/"),
    Shot("settings", "/settings/"),
    Shot("members", "/settings/members/"),
    Shot("roles", "/settings/roles/"),
    Shot("jobs", "/jobs/"),
    Shot("bin", "/settings/bin/"),
    Shot("gallery", "/gallery/"),
    Shot("contact-new", "/contacts/", follow=".head .btn.main"),
    Shot("deal-new", "/deals/", follow=".head .btn.main"),
    Shot("purchases", "/purchases/"),
    Shot("campaigns", "/campaigns/"),
    Shot("campaign", "/campaigns/?f.state=done", follow="#list td a"),
    Shot("campaign-plan", "/campaigns/?f.state=draft", follow="#list td a"),
    Shot("campaign-new", "/campaigns/new/"),
    Shot("campaign-letters", "/campaigns/1/letters/"),
    Shot("campaign-people", "/campaigns/1/people/"),
    Shot("campaign-edit", "/campaigns/2/edit/"),
    Shot("contact-policy", "/settings/policy/"),
    Shot("segments", "/segments/"),
    Shot("segment-new", "/segments/new/"),
    Shot("tasks-list", "/tasks/list/"),
    Shot("notices", "/notices/"),
    Shot("company", "/settings/company/"),
    Shot("keys", "/settings/keys/"),
    Shot("history", "/settings/history/"),
    Shot("fields", "/settings/fields/"),
    Shot("tags", "/settings/tags/"),
    Shot("relations", "/settings/relations/"),
    Shot("pipelines", "/deals/settings/"),
    Shot("rates", "/settings/rates/"),
    Shot("letters", "/settings/letters/"),
    Shot("senders", "/settings/senders/"),
    Shot("prepared-letters", "/settings/prepared-letters/"),
    Shot("stop-list", "/settings/stop-list/"),
)


@contextlib.contextmanager
def office() -> Iterator[str]:
    """Start an office with its demonstration company and yield its sign-in address."""
    with tempfile.TemporaryDirectory(prefix="dialogue-pictures-") as folder:
        command = [str(ROOT / ".venv" / "bin" / "dialogue"), "run", "--data", folder, "--port", str(free_port())]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ})
        try:
            yield ready_address(server)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)


def ready_address(server: subprocess.Popen[str]) -> str:
    """Return the sign-in address of the line `ready`.

    Raises:
        RuntimeError: the office ended or stayed silent.
    """
    begun = time.monotonic()
    for line in server.stdout or ():
        if line.startswith("ready "):
            return line.split()[-1]
        if time.monotonic() - begun > READY_SECONDS:
            break
    message = "The office did not become ready."
    raise RuntimeError(message)


def sign_in(page: Page, url: str) -> str:
    """Use the one-time link and return the address of the demonstration company."""
    page.goto(url)
    page.locator("main form button").first.click()
    page.wait_for_load_state()
    return "/".join(url.split("/")[:3]) + "/c/demo"


def wait_for_demo(page: Page, base: str) -> None:
    """Wait until no job runs: the demonstration company is complete."""
    until = time.monotonic() + DEMO_SECONDS
    while time.monotonic() < until:
        page.goto(f"{base}/jobs/")
        if not page.locator("main form[action*='/cancel/']").count():
            return
        page.wait_for_timeout(1000)


def faults(page: Page, complaints: list[str]) -> list[str]:
    """Return what is wrong with the page as it stands."""
    found = [*complaints]
    complaints.clear()
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if wide > window:
        found.append(f"scrolls sideways ({wide} of {window})")
    page.evaluate(AXE.read_text())
    grave = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        ".filter(v => ['serious', 'critical'].includes(v.impact)).map(v => v.id + ' ' + v.nodes[0].html.slice(0, 90))"
    )
    return found + [f"axe {one}" for one in grave]


def rows_seen(page: Page) -> int:
    """Return how many rows of a list stand whole in the window."""
    return int(
        page.evaluate(
            "[...document.querySelectorAll('#list tbody tr')].filter(r => r.getBoundingClientRect().bottom <= innerHeight).length"
        )
    )


def photograph(
    browser: Browser,
    state: dict[str, object],
    base: str,
    shots: list[Shot],
    *,
    language: str,
    target: Path,
    whole: bool = False,
) -> int:
    """Take every shot in one language; return how many pages have faults."""
    bad = 0
    for width, (wide, high) in WIDTHS.items():
        for theme in THEMES:
            context = browser.new_context(
                storage_state=state,  # type: ignore[arg-type]
                viewport={"width": wide, "height": high},
                color_scheme=theme,  # type: ignore[arg-type]
                locale=language,
                has_touch=width == "phone",
                reduced_motion="reduce",
            )
            page = context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error, said=complaints: said.append(f"error {error}"))
            page.on("console", lambda said, kept=complaints: kept.append(said.text) if said.type == "error" else None)
            for shot in shots:
                bad += take(page, base, shot, target / f"{shot.name}-{language}-{width}-{theme}.png", complaints, whole=whole)
            context.close()
    return bad


def take(page: Page, base: str, shot: Shot, file: Path, complaints: list[str], *, whole: bool = False) -> int:
    """Take one picture and print what was seen; return 1 where something is wrong."""
    answer = page.goto(base + shot.path)
    if shot.follow and not page.locator(shot.follow).count():
        complaints.append(f"nothing to follow at {shot.path}")
    elif shot.follow:
        page.locator(shot.follow).first.click()
        page.wait_for_load_state()
    if shot.press:
        page.keyboard.press(shot.press)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, full_page=whole)
    found = faults(page, complaints)
    if answer and answer.status >= 400:
        found.insert(0, f"answered {answer.status}")
    print(f"{file.name:42} rows {rows_seen(page):2}  {'; '.join(found) or 'clean'}", flush=True)
    return 1 if found else 0


def choose_language(page: Page, base: str, language: str) -> None:
    """Choose the reader's language through the page's own switch."""
    page.goto(f"{base}/")
    page.evaluate(
        "async (language) => { const f = new FormData(); f.append('language', language);"
        " await fetch('/language/', {method: 'POST', body: f, headers: {'X-CSRFToken': document.querySelector('meta[name=csrf]').content}}); }",
        language,
    )


def main() -> int:
    """Photograph and report; return 1 where any page has a fault."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("pages", nargs="*", help="names of pages; all without one")
    asked.add_argument("--languages", default="en,ru,uk,ro")
    asked.add_argument("--to", type=Path, default=ROOT / "docs" / "images")
    asked.add_argument("--url", default="", help="a sign-in address of an office that runs already")
    asked.add_argument("--whole", action="store_true", help="the page to its foot, not only what the window shows")
    given = asked.parse_args()
    browser_path = os.environ.get("DIALOGUE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not browser_path:
        print("No Chromium here. On Debian: apt-get install chromium-headless-shell", file=sys.stderr)
        return 1
    given.to.mkdir(parents=True, exist_ok=True)
    shots = [shot for shot in SHOTS if not given.pages or shot.name in given.pages]
    bad = 0
    with contextlib.ExitStack() as stack:
        url = given.url or stack.enter_context(office())
        driver = stack.enter_context(sync_playwright())
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        context = browser.new_context()
        page = context.new_page()
        base = sign_in(page, url)
        wait_for_demo(page, base)
        for language in given.languages.split(","):
            choose_language(page, base, language)
            bad += photograph(
                browser, context.storage_state(), base, shots, language=language, target=given.to, whole=given.whole
            )  # type: ignore[arg-type]
        browser.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
