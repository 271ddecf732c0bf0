"""Keeps the processes of one machine alive and ends them together.

A child's standard input is a pipe from here. At most it carries the word to begin, for a child that was started ahead; when it
closes, the supervisor is gone, however it died, and the child ends itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from dialogue.kit.environment import data_folder

if TYPE_CHECKING:
    from dialogue.platform.embedded.server import EmbeddedServer

LOOK_SECONDS = 0.1
# Together under the two seconds in which everything must be gone.
CHILDREN_SECONDS = 0.4
DATABASE_SECONDS = 0.4
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SHORT_LIFE = 5.0
LONGEST_PAUSE = 30.0
MARK, AHEAD = "DIALOGUE_SUPERVISED", "DIALOGUE_STARTED_AHEAD"
# Set in a process that ends with its supervisor; when that one has said to begin; when somebody has asked to stop.
supervised, told, stopping = threading.Event(), threading.Event(), threading.Event()
STOP_DATABASE = (
    "import pathlib, sys; from dialogue.platform.embedded.server import stop_when_unused; "
    "stop_when_unused(pathlib.Path(sys.argv[1]))"
)


class StopAsked(BaseException):
    """SIGTERM or Ctrl-C came: not an error, so nothing on the way may catch it."""


def stop_on_signals() -> None:
    """Turn the first SIGTERM, SIGINT or SIGHUP into StopAsked; the ones after it change nothing."""

    def end(_number: int, _frame: FrameType | None) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        stopping.set()
        raise StopAsked

    for number in STOPPING:
        signal.signal(number, end)


def end_with_supervisor() -> None:
    """In a child: end this process group when the supervisor is gone."""
    if not os.environ.pop(MARK, ""):
        return
    supervised.set()

    def wait() -> None:
        while os.read(0, 1):
            told.set()
        if not os.environ.get("DATABASE_URL"):
            # The database is nobody's child; whoever remains stops it when all are gone.
            subprocess.Popen([sys.executable, "-c", STOP_DATABASE, str(data_folder())], start_new_session=True)
        os.killpg(0, signal.SIGTERM)
        time.sleep(3)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def wait_for_word() -> None:
    """In a child that was started ahead: wait until the supervisor says to begin."""
    if os.environ.pop(AHEAD, ""):
        told.wait()


def say(words: str) -> None:
    """Print a line about the children."""
    print(words, file=sys.stderr, flush=True)


@dataclass
class Child:
    """One process that must live."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes]
    born: float
    pause: float = 0.0
    again_at: float = 0.0

    def signal(self, number: int) -> None:
        """Send the signal to the child and to whatever it started."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def how_it_ended(code: int) -> str:
    """Return an exit code in words."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


class Supervisor:
    """Keeps the children alive and ends them together."""

    def __init__(self) -> None:
        self.children: dict[str, Child] = {}

    def start(self, name: str, command: list[str], *, ahead: bool = False) -> None:
        """Start a child in its own process group; one started ahead loads, and begins when it is told to."""
        self.children[name] = Child(name, command, self._spawn(command, ahead=ahead), time.monotonic())

    def tell(self) -> None:
        """Tell the children that were started ahead to begin; one that is gone is started again by the next look."""
        for child in self.children.values():
            with contextlib.suppress(BrokenPipeError):
                assert child.process.stdin
                child.process.stdin.write(b"\n")
                child.process.stdin.flush()

    @staticmethod
    def _spawn(command: list[str], *, ahead: bool = False) -> subprocess.Popen[bytes]:
        # A line for each request is for servers; here a person reads.
        surroundings = {"DIALOGUE_LOG": "WARNING"} | os.environ | {MARK: "1"} | ({AHEAD: "1"} if ahead else {})
        return subprocess.Popen(command, start_new_session=True, stdin=subprocess.PIPE, env=surroundings)

    def look(self) -> None:
        """Restart what has died; one that dies at once waits longer each time."""
        now = time.monotonic()
        for child in self.children.values():
            code = child.process.poll()
            if code is None:
                continue
            if not child.again_at:
                child.pause = min(LONGEST_PAUSE, 2 * child.pause + 1) if now - child.born < SHORT_LIFE else 0.0
                child.again_at = now + child.pause
                when = f" in {child.pause:.0f} s" if child.pause else ""
                say(f"{child.name} {how_it_ended(code)}; starting it again{when}.")
                child.signal(signal.SIGKILL)
            if now >= child.again_at:
                child.process = self._spawn(child.command)
                child.born, child.again_at = now, 0.0

    def watch(self, server: EmbeddedServer | None) -> None:
        """Restart what dies, the database too, until StopAsked is raised from outside."""
        while True:
            time.sleep(LOOK_SECONDS)
            if stopping.is_set():
                # Python drops what is raised inside a finalizer, and the signals after the first are not heard.
                raise StopAsked
            if server is not None and not server.is_up():
                say("The database has stopped; starting it again.")
                server.start()
                say("The database is up again.")
            self.look()

    def stop(self) -> None:
        """End every child: ask, wait a little, then insist."""
        for child in self.children.values():
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + CHILDREN_SECONDS
        for child in self.children.values():
            try:
                child.process.wait(max(0.01, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            child.signal(signal.SIGKILL)
            child.process.wait()
