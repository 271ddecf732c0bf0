"""The desk: list, card, search, create and import at 10,000 customers and deals, beside a peer with the same client."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from bench.client import PEERS, ROOT, drive, line, pss_mib
from bench.house import House

THREADS = 4
WARM = 20
ROUNDS = 3
VALUES = {"per_s": "1/s", "mib": "MiB", "seconds": "s", "parties_per_s": "1/s"}


class Goal(NamedTuple):
    """Which figure of the peer is the baseline, and how many times better ours shall be (DESIGN section 8, decision 0023)."""

    row: str
    fact: str | None
    at_least: float
    less: bool = False


# The longer name stands before the one it begins with.
GOALS = {
    "desk.list_counts": None,
    "desk.list_alone": Goal("list40_alone", "p95_ms", 4, less=True),
    "desk.list": Goal("list40_two_calls", "per_s", 3),
    "desk.card_deal": None,
    "desk.card": Goal("read_one", "per_s", 1),
    "desk.search": Goal("search_substring", "per_s", 3),
    "desk.create": Goal("party_create_one", "per_s", 10),
    "desk.import people": Goal("party_create_batch_rows_per_s", None, 60),
    "memory": Goal("memory_after_MiB", None, round(1 / 1.1, 2), less=True),
    "start.web": Goal("cold_start_s", None, 2, less=True),
}
PEER_SECONDS = 900


def _checked(client: Any, path: str) -> bytes:
    status, _headers, body = client.get(path)
    if status != 200:
        message = f"{path} answered {status}"
        raise RuntimeError(message)
    return bytes(body)


def list_call(house: House, *, counts: bool) -> Callable[[int], Callable[[int], None]]:
    """Return calls that open the deals list filtered and sorted, with how many match and their sum; with `counts` beside the filters."""

    def make(_thread: int) -> Callable[[int], None]:
        client = house.signed_in()

        def call(number: int) -> None:
            query = f"view=all&f.budget.at_least={1000 + number * 37 % 50_000}&sort=-budget"
            page = _checked(client, f"{house.base}/deals/?{query}")
            if page.count(b"<tr data-id=") != 40 or b'</b> <span id="list-count">of ' not in page:
                message = "the list does not show 40 rows with how many match"
                raise RuntimeError(message)
            if counts:
                _checked(client, f"{house.base}/lists/deals/totals/?{query}&known=1")

        return call

    return make


def card_call(house: House, ids: list[int], page: str) -> Callable[[int], Callable[[int], None]]:
    """Return calls that open one card after another."""

    def make(_thread: int) -> Callable[[int], None]:
        client = house.signed_in()
        return lambda number: void(_checked(client, f"{house.base}/{page}/{ids[number * 7919 % len(ids)]}/"))

    return make


def page_call(house: House, path: str) -> Callable[[int], Callable[[int], None]]:
    """Return calls of a page that does not exist: what every page costs before it says anything."""

    def make(_thread: int) -> Callable[[int], None]:
        client = house.signed_in()
        return lambda number: void(client.get(f"{house.base}{path}{number}/"))

    return make


def search_call(house: House) -> Callable[[int], Callable[[int], None]]:
    """Return calls that find a customer by part of his name."""

    def make(_thread: int) -> Callable[[int], None]:
        client = house.signed_in()
        return lambda number: void(_checked(client, f"{house.base}/search/?q={number * 7919 % house.parties:06d}"))

    return make


def create_call(house: House) -> Callable[[int], Callable[[int], None]]:
    """Return calls that create a customer with e-mail and address through the API."""

    def make(_thread: int) -> Callable[[int], None]:
        client = house.with_key()

        def call(number: int) -> None:
            body = {
                "kind": "person",
                "first_name": "New",
                "last_name": f"Customer {number:06d}",
                "contacts": [{"kind": "email", "value": f"new{number}@example.org"}],
                "address": {"city": f"City {number % 200}", "street": f"{number} Main st"},
            }
            status, _headers, answer = client.request(
                "POST", "/api/v1/parties", json.dumps(body), {"Content-Type": "application/json"}
            )
            if status not in {200, 201}:
                message = f"create answered {status} {answer[:200]!r}"
                raise RuntimeError(message)

        return call

    return make


def void(_value: object) -> None:
    """Take a value and return nothing."""


def ids_of(house: House, path: str) -> list[int]:
    """Return up to 200 ids through the API."""
    status, _headers, body = house.with_key().get(f"/api/v1/{path}?limit=200")
    if status != 200:
        message = f"/api/v1/{path} answered {status}"
        raise RuntimeError(message)
    return [int(item["id"]) for item in json.loads(body)["items"]]


def import_rates(house: House, kind: str, rows: int) -> dict[str, Any]:
    """Import a file of `rows` by the command line; return rows per second, its start, the file's reading and recording inside."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{kind}.csv"
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            if kind == "people":
                writer.writerow(["First name", "Last name", "E-mail", "City"])
                writer.writerows(
                    ["Ion", f"Imported {n:06d}", f"imp{rows}x{n}@example.org", f"City {n % 200}"] for n in range(rows)
                )
            else:
                writer.writerow(["Deal", "Stage", "Budget", "Currency"])
                writer.writerows([f"Imported {rows} {n:06d}", "First contact", 100 + n % 9000, "EUR"] for n in range(rows))
        command = [sys.executable, "-m", "dialogue.faces.command.main", "import", str(file), "--company", "bench", "--as", kind]
        begun = time.perf_counter()
        made = subprocess.run(command, cwd=ROOT, env=house.environment, check=True, stdout=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - begun
    answer = json.loads(made.stdout.strip().splitlines()[-1])
    if answer["created"] != rows:
        message = f"import made {answer}"
        raise RuntimeError(message)
    return {"rows": rows, "seconds": round(seconds, 1), "per_s": round(rows / seconds)}


def driven(house: House, call: Any, number: int, threads: int) -> dict[str, Any]:
    """Drive calls; return rate, latencies and the processor's milliseconds per call in web and database."""
    before = house.cpu()
    found = drive(call, number, threads)
    web, database = (after - begun for after, begun in zip(house.cpu(), before, strict=True))
    return found | {"cpu_ms": round(1000 * web / number, 2), "database_ms": round(1000 * database / number, 2)}


def middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the facts of the middle round by rate, with the rates of all."""
    ranked = sorted(rounds, key=lambda facts: facts["per_s"])
    return ranked[len(ranked) // 2] | {"rounds": [facts["per_s"] for facts in rounds]}


def ours(*, small: bool) -> dict[str, Any]:
    """Measure our side; return what was found by row."""
    made = 1_000 if small else 10_000
    count = 60 if small else 300
    with House(parties=made, deals=made) as house:
        parties, deals = ids_of(house, "parties"), ids_of(house, "deals")
        rows: dict[str, tuple[Any, int, int]] = {
            "desk.list": (list_call(house, counts=False), count, THREADS),
            "desk.list_counts": (list_call(house, counts=True), count, THREADS),
            "desk.list_alone": (list_call(house, counts=False), count // 3, 1),
            "desk.card": (card_call(house, parties, "contacts"), 2 * count, THREADS),
            "desk.card_deal": (card_call(house, deals, "deals"), 2 * count, THREADS),
            "desk.frame": (page_call(house, "/nothing/"), 2 * count, THREADS),
            "desk.search": (search_call(house), count, THREADS),
            "desk.create": (create_call(house), count, THREADS),
        }
        # After one warm-up, as the peer measures its lists: every process and thread has served each page once or twice.
        for call, _number, threads in rows.values():
            drive(call, WARM, threads)
        # Round after round, so that a busy moment of the machine hits one of each row's three figures.
        rounds = [
            {name: driven(house, call, number, threads) for name, (call, number, threads) in rows.items()}
            for _round in range(ROUNDS)
        ]
        found: dict[str, Any] = {name: middle([one[name] for one in rounds]) for name in rows}
        asked = {
            "desk.list": f"{house.base}/deals/?view=all&f.budget.at_least=1000&sort=-budget",
            "desk.card": f"{house.base}/contacts/{parties[0]}/",
            "desk.card_deal": f"{house.base}/deals/{deals[0]}/",
            "desk.search": f"{house.base}/search/?q=000777",
        }
        counted = house.ask("queries", *asked.values())
        for name, path in asked.items():
            found[name]["queries"] = counted[path]
        found["memory"] = {"mib": pss_mib(house.web.pid)}
        found["desk.batch"] = {key: house.facts[key] for key in ("parties_per_s", "deals_per_s")}
        for kind in ("people", "deals"):
            for size in (1_000,) if small else (10_000, 100_000):
                found[f"desk.import {kind} {size}"] = import_rates(house, kind, size)
        house.stop_web()
        found["start.web"] = {"seconds": round(house.start_web(), 2)}
    return found


def peer(*, small: bool) -> dict[str, Any] | None:
    """Run the peer's script in a folder of its own; return its line, or None where it is not here."""
    script = PEERS / "peer_tryton.py"
    if not script.exists():
        return None
    folder = Path(os.environ.get("DIALOGUE_PEER_FOLDER", Path(tempfile.gettempdir()) / "dialogue-peer-tryton"))
    sizes = ["1000", "1000"] if small else ["10000", "10000"]
    command = [sys.executable, str(script), str(folder), "--parties", sizes[0], "--opportunities", sizes[1]]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=PEER_SECONDS)
    answer: dict[str, Any] = json.loads(made.stdout.strip().splitlines()[-1])
    return answer


def lines(ours: dict[str, Any], theirs: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return a line per row, with the peer's figure of the same run as its baseline where there is one."""
    found = []
    for name, facts in ours.items():
        value, unit = next((facts[key], unit) for key, unit in VALUES.items() if key in facts)
        goal = next((goal for prefix, goal in GOALS.items() if name.startswith(prefix)), None)
        baseline = at_least = None
        if goal and theirs and not name.startswith("desk.import deals"):
            baseline, at_least = theirs[goal.row], goal.at_least
            baseline = baseline if goal.fact is None else baseline[goal.fact]
            value = facts[goal.fact] if goal.fact == "p95_ms" else value
            unit = "ms" if goal.fact == "p95_ms" else unit
        found.append(line(name, value, unit, baseline, at_least, less=bool(goal and goal.less)) | facts)
    return found
