"""The client of the measurements: keep-alive HTTP, cookies, a bounded number of calls over some threads."""

from __future__ import annotations

import http.client
import importlib.util
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(os.environ.get("DIALOGUE_PEERS", ROOT.parent / "shared" / "bench"))


class Http:
    """One keep-alive connection with its cookies."""

    def __init__(self, port: int, *, token: str = "") -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.token = token
        self._connection: http.client.HTTPConnection | None = None

    def request(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, Any, bytes]:
        """Send one request; return status, headers, body."""
        sent = {"Host": f"127.0.0.1:{self.port}", **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        for last in (False, True):
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            try:
                self._connection.request(method, path, body, sent)
                answer = self._connection.getresponse()
                data = answer.read()
                break
            except (OSError, http.client.HTTPException):
                self._connection.close()
                self._connection = None
                if last:
                    raise
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _sign, value = cookie.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, data

    def get(self, path: str) -> tuple[int, Any, bytes]:
        """Get a page."""
        return self.request("GET", path)

    def post(self, path: str, fields: Mapping[str, str]) -> tuple[int, Any, bytes]:
        """Send a form."""
        return self.request("POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})


def drive(make: Callable[[int], Callable[[int], None]], count: int, threads: int = 1) -> dict[str, Any]:
    """Run `count` calls over the threads; return their rate per second and latencies in milliseconds."""
    took: list[float] = []
    errors: list[str] = []
    numbers = itertools.count()

    def work(thread: int) -> None:
        call = make(thread)
        while (number := next(numbers)) < count and len(errors) < 10:
            begun = time.perf_counter()
            try:
                call(number)
            except Exception as error:  # noqa: BLE001  whatever a call refuses with is counted, never raised
                errors.append(repr(error)[:200])
                continue
            took.append(time.perf_counter() - begun)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    begun = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    wall = time.perf_counter() - begun
    took.sort()
    facts: dict[str, Any] = {"n": len(took), "threads": threads, "per_s": round(len(took) / wall, 1)}
    if took:
        facts |= {"p50_ms": _at(took, 0.5), "p95_ms": _at(took, 0.95)}
    if errors:
        facts |= {"errors": len(errors), "first_error": errors[0]}
    return facts


def _at(took: list[float], share: float) -> float:
    return round(1000 * took[min(len(took) - 1, int(len(took) * share))], 2)


def peers() -> ModuleType | None:
    """Return the peers' own helpers where they lie beside the project, else None."""
    found = PEERS / "peerlib.py"
    if not found.exists():
        return None
    spec = importlib.util.spec_from_file_location("peerlib", found)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["peerlib"] = module
    spec.loader.exec_module(module)
    return module


def pss_mib(pid: int) -> float:
    """Return the proportional memory of a process and its children in MiB; shared pages count once."""
    total = 0
    for one in tree_of(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(total / 1024, 1)


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds of a process and its living children, all threads, by the scheduler's own account."""
    spent = 0
    for one in tree_of(pid):
        for task in Path(f"/proc/{one}/task").glob("*/schedstat"):
            try:
                spent += int(task.read_text().split()[0])
            except OSError:
                continue
    return spent / 1e9


def tree_of(pid: int) -> list[int]:
    """Return the process and its living descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += tree_of(int(child))
    return found


def line(
    name: str, value: float, unit: str, baseline: float | None, at_least: float | None, *, less: bool = False
) -> dict[str, Any]:
    """Return a row's line; its ratio says how many times better than the baseline, also where less is better."""
    ratio = None
    if baseline:
        ratio = round(baseline / value if less else value / baseline, 3)
    met = None if ratio is None or at_least is None else ratio >= at_least
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio, "at_least": at_least, "met": met}
