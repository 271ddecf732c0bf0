"""`tracking`: links followed a second, each judged and recorded, beside an empty handler in the same server.

python -m bench.tracking prepare N    in a process of the application: N deliveries; prints the paths of their links
python -m bench.tracking count        prints how many requests were recorded
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bench.client import ROOT
from bench.warehouse import PARTIES, line
from dialogue.kit.ports import free_port

HITS, SMALL, CLIENTS = 20_000, 2_000, 4
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    "Accept": "text/html",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
EMPTY = """
def application(environ, start_response):
    start_response("204 No Content", [])
    return []
"""


def tracking(*, small: bool = False) -> list[dict[str, Any]]:
    """Return the row."""
    hits = SMALL if small else HITS
    with tempfile.TemporaryDirectory(prefix="dialogue-bench-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        environment = {**os.environ, "DIALOGUE_DATA": str(data), "DIALOGUE_LOG": "ERROR", "DIALOGUE_THROTTLES": "off"}
        keeper = subprocess.Popen(
            [sys.executable, "-m", "bench.tracking", "prepare", str(hits)],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert keeper.stdout is not None
            paths = json.loads(keeper.stdout.readline())
            (Path(folder) / "empty_handler.py").write_text(EMPTY)
            words = ["-m", "granian", "--interface", "wsgi", "--blocking-threads", "4", "empty_handler:application"]
            empty = _served(words, folder)
            bare = _rate(empty, ["/"] * hits)
            # A shared machine is not as quick in one second as in the next: the handler is asked on both sides of ours.
            ours = _served(["-m", "dialogue.faces.command.main", "tracker"], str(ROOT), environment)
            rate = _rate(ours, paths)
            bare = round((bare + _rate(_served(words, folder), ["/"] * hits)) / 2, 1)
            counted = subprocess.run(
                [sys.executable, "-m", "bench.tracking", "count"],
                cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            recorded = int(counted.stdout.split()[-1])
        finally:
            keeper.communicate("end\n", timeout=60)
    return [line("mail.tracking", "rows/s", rate, bare, 0.5) | {"unit": "hits/s", "hits": hits, "recorded": recorded}]


class _Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port


def _served(words: list[str], folder: str, environment: dict[str, str] | None = None) -> _Server:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *words, "--port", str(port)], cwd=folder, env=environment or dict(os.environ), stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            client.request("GET", "/healthz")
            client.getresponse().read()
            return _Server(process, port)
        except OSError:
            time.sleep(0.05)
    message = "the server did not answer"
    raise RuntimeError(message)


def _rate(server: _Server, paths: list[str]) -> float:
    """Return the requests a second until all are answered and, where they are kept, written; the server then ends."""
    failed: list[int] = []

    def ask(some: list[str]) -> None:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for path in some:
            client.request("GET", path, headers=HEADERS)
            answer = client.getresponse()
            answer.read()
            if answer.status not in {204, 302}:
                failed.append(answer.status)

    threads = [threading.Thread(target=ask, args=(paths[number::CLIENTS],)) for number in range(CLIENTS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = time.perf_counter() - begun
    # What is held is written before the process ends: that time counts too.
    stopping = time.perf_counter()
    server.process.terminate()
    server.process.wait(30)
    assert not failed, failed[:3]
    return round(len(paths) / (asked + max(0.0, time.perf_counter() - stopping - 1)), 1)


def prepare(hits: int) -> None:
    """Make the deliveries and hold the database."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.conf import settings
    from django.db import connections, transaction
    from django.utils import timezone

    from dialogue.customers.channels.ledger import settle_waiting
    from dialogue.customers.channels.mailings import open_mailing, plan_deliveries
    from dialogue.customers.channels.models import Delivery, State
    from dialogue.customers.channels.tokens import Token, TokenKind, write_token
    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.embedded.server import server_for

    server = server_for(settings.DATA)
    server.start()
    bring_up_to_date()
    with transaction.atomic():
        company, _owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
    with connections["owner"].cursor() as cursor:
        cursor.execute(PARTIES.format(tenant=company.pk, people=hits))
    by = system_actor(company.pk)
    with tenant_scope(company.pk), transaction.atomic():
        mailing = open_mailing("bench", 1, title="Bench", canary=0, by=by)
        source = "SELECT id, 'p' || id || '@example.org', now(), 'a' FROM parties_party WHERE tenant_id = %s"
        plan_deliveries(mailing, (source, [company.pk]), by=by)
        settle_waiting(mailing, timezone.now(), state=State.ACCEPTED, code=250, attempts=1)
        known = Delivery.objects.values_list("pk", flat=True)
        url = "https://shop.example.org/catalogue?from=letter"
        paths = [f"/l/{write_token(Token(TokenKind.LINK, company.pk, pk, url))}" for pk in known]
    connections.close_all()
    print(json.dumps(paths), flush=True)
    sys.stdin.readline()


def count() -> None:
    """Print how many requests stand in the table."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM channels_hit WHERE counted")
        print(cursor.fetchone()[0])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    if sys.argv[1] == "prepare":
        prepare(int(sys.argv[2]))
    else:
        count()
