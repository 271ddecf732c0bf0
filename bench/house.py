"""Our office for a measurement: a data folder of its own, a company, customers and deals, servers that end with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.client import ROOT, Http, cpu_seconds
from dialogue.kit.ports import free_port

READY_SECONDS = 120


@dataclass
class House:
    """A running installation."""

    parties: int = 10_000
    deals: int = 10_000
    workers: int = 2

    def __enter__(self) -> Self:
        """Start database and web, fill the company."""
        self._folder = tempfile.TemporaryDirectory(prefix="dialogue-bench-")
        self.folder = Path(self._folder.name)
        self.port = free_port()
        self.environment = {**os.environ, "DIALOGUE_DATA": str(self.folder), "DIALOGUE_PORT": str(self.port)}
        self.environment["DIALOGUE_THROTTLES"] = "off"
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "bench.fill", "keep"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        self.facts = json.loads(self._keeper.stdout.readline())
        self.facts |= self.ask("fill", str(self.parties), str(self.deals))
        try:
            self.start_web()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End everything and delete the folder."""
        self.stop_web()
        self._keeper.communicate("end\n", timeout=60)
        self._folder.cleanup()

    def ask(self, *words: str) -> dict[str, object]:
        """Let a process of the application do something; return what it printed."""
        made = subprocess.run(
            [sys.executable, "-m", "bench.fill", *words],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer: dict[str, object] = json.loads(made.stdout.strip().splitlines()[-1])
        return answer

    def start_web(self) -> float:
        """Start the web servers; return the seconds to their first answer."""
        begun = time.perf_counter()
        command = [sys.executable, "-m", "dialogue.faces.command.main", "web", "--workers", str(self.workers), "--threads", "4"]
        self.web = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        client = Http(self.port)
        while time.perf_counter() - begun < READY_SECONDS:
            try:
                if client.get("/account/login/")[0] == 200:
                    return time.perf_counter() - begun
            except OSError:
                time.sleep(0.02)
        message = "the web server did not answer"
        raise RuntimeError(message)

    def stop_web(self) -> None:
        """End the web servers."""
        self.web.terminate()
        try:
            self.web.wait(10)
        except subprocess.TimeoutExpired:
            self.web.kill()
            self.web.wait()

    def signed_in(self) -> Http:
        """Return a client with the owner's session."""
        client = Http(self.port)
        client.cookies[str(self.facts["cookie"])] = str(self.facts["session"])
        return client

    def with_key(self) -> Http:
        """Return a client with the company's key for the API."""
        return Http(self.port, token=str(self.facts["key"]))

    def cpu(self) -> tuple[float, float]:
        """Return the processor seconds so far of the web servers and of the database."""
        database = int((self.folder / "pg" / "postmaster.pid").read_text().split()[0])
        return cpu_seconds(self.web.pid), cpu_seconds(database)

    @property
    def base(self) -> str:
        """The company's path."""
        return f"/c/{self.facts['login']}"
