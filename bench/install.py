"""`install`: from a fresh clone with warm download caches to the first page answered."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.client import ROOT, line
from dialogue.kit.ports import free_port

MOST_SECONDS = 300


def install(peer_s: float | None = None) -> dict[str, Any]:
    """Clone, make everything and start; return the row: seconds until the line `ready`, beside the peer's, and the size made.

    Raises:
        RuntimeError: the office did not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="dialogue-install-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        begun = time.perf_counter()
        command = [str(clone / "dev"), "run", "--no-demo", "--port", str(free_port()), "--data", str(Path(folder) / "data")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DIALOGUE_", "VIRTUAL_ENV"))}
        office = subprocess.Popen(command, cwd=clone, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            seconds = _ready(office, begun)
        finally:
            office.send_signal(signal.SIGTERM)
            office.wait(20)
        size = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*") if not file.is_dir())
    return line("install", round(seconds, 1), "s", peer_s, 6, less=True) | {"environment_mib": size >> 20}


def _ready(office: subprocess.Popen[str], begun: float) -> float:
    for said in office.stdout or ():
        if said.startswith("ready "):
            return time.perf_counter() - begun
        if time.perf_counter() - begun > MOST_SECONDS:
            break
    message = "the office did not become ready"
    raise RuntimeError(message)
