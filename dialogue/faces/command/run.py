"""`dialogue run`: everything on this machine under one supervisor."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import FrameType

STEP_WIDTH = 34


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--port", type=int, default=None, help="port of the office; the next one serves public pages")
    parser.add_argument("--no-demo", action="store_true", help="start without companies")
    parser.add_argument("--reset", action="store_true", help="delete the data folder first (asks)")
    parser.add_argument("--yes", action="store_true", help="answer yes to --reset")


class Steps:
    """Say what is being done and how many seconds it took."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def did(self, words: str) -> None:
        """Print a finished step."""
        now = time.monotonic()
        print(f"{words:<{STEP_WIDTH}} {now - self._begun:5.1f} s", file=sys.stderr, flush=True)
        self._begun = now


def port_holder(port: int) -> str:
    """Return who listens on the port, as far as this user may see."""
    wanted = f":{port:04X}"
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        inodes |= {line.split()[9] for line in lines if line.split()[1].endswith(wanted) and line.split()[3] == "0A"}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if any(f"socket:[{inode}]" == str(descriptor.readlink()) for inode in inodes):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    return f"process {process.name} ({command[:60]})"
        except OSError:
            continue
    return "another program"


def is_free(port: int) -> bool:
    """Return whether we can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def refuse_taken_port(port: int) -> None:
    """Refuse a port somebody else listens on, and propose a free pair.

    Raises:
        EnvironmentRefusal: names the holder and another port.
    """
    from dialogue.kit.environment import EnvironmentRefusal

    for taken in (port, port + 1):
        if not is_free(taken):
            other = next((p for p in range(port + 10, port + 2000, 10) if is_free(p) and is_free(p + 1)), port + 10)
            message = f"Port {taken} is taken by {port_holder(taken)}. Stop it, or use another port: --port {other}."
            raise EnvironmentRefusal(message)


class Supervisor:
    """Keeps the children alive and ends them together."""

    def __init__(self) -> None:
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, list[str]] = {}
        self.stopping = False

    def start(self, name: str, command: list[str]) -> None:
        """Start a child in its own process group."""
        self.commands[name] = command
        self.children[name] = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)

    def watch(self, server: object) -> None:
        """Restart what dies until told to stop; the database too."""
        while not self.stopping:
            time.sleep(0.2)
            if self.stopping:
                break
            if server is not None and not server.is_up():  # type: ignore[attr-defined]
                print("The database has stopped; starting it again.", file=sys.stderr, flush=True)
                server.start()  # type: ignore[attr-defined]
                print("The database is up again.", file=sys.stderr, flush=True)
            for name, child in list(self.children.items()):
                code = child.poll()
                if code is not None and not self.stopping:
                    print(f"{name} ended with {code}; starting it again.", file=sys.stderr, flush=True)
                    self._kill_group(child, signal.SIGKILL)
                    time.sleep(0.3)
                    self.start(name, self.commands[name])

    @staticmethod
    def _kill_group(child: subprocess.Popen[bytes], number: int) -> None:
        try:
            os.killpg(child.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def stop(self) -> None:
        """End every child: ask, wait a second, then insist."""
        self.stopping = True
        for child in self.children.values():
            self._kill_group(child, signal.SIGTERM)
        deadline = time.monotonic() + 1.2
        for child in self.children.values():
            try:
                child.wait(max(0.01, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            self._kill_group(child, signal.SIGKILL)
            child.wait()


def answers(url: str, seconds: float) -> bool:
    """Return whether the address answers 200 within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310
                if response.status == 200:
                    return True
        except OSError:
            time.sleep(0.1)
    return False


def confirm_reset(folder: Path, *, yes: bool) -> bool:
    """Ask before the data is deleted; return whether it was agreed."""
    if yes or not folder.exists():
        return True
    print(f"Delete everything in {folder}? Type yes: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() == "yes"


def run(options: argparse.Namespace) -> int:
    """Start, watch, stop."""
    steps = Steps()
    port = options.port or int(os.environ.get("DIALOGUE_PORT", "8400"))
    os.environ["DIALOGUE_PORT"] = str(port)
    refuse_taken_port(port)
    from dialogue.kit.environment import data_folder

    folder = data_folder()
    if options.reset:
        if not confirm_reset(folder, yes=options.yes):
            print("Nothing was deleted.", file=sys.stderr)
            return 1
        from dialogue.platform.embedded.server import server_for

        server_for(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)
    supervisor = Supervisor()

    def end(_number: int, _frame: FrameType | None) -> None:
        supervisor.stopping = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    from dialogue.faces.command import first_start

    server = first_start.prepare(steps)
    python = [sys.executable, "-m", "dialogue.faces.command.main"]
    try:
        supervisor.start("web", [*python, "web"])
        supervisor.start("worker", [*python, "worker"])
        if not answers(f"http://127.0.0.1:{port}/account/login/", 60):
            print("The office did not answer within a minute; see the lines above.", file=sys.stderr)
            return 1
        steps.did("office answers")
        link = first_start.companies_and_link(demo=not options.no_demo)
        print(f"ready http://127.0.0.1:{port}/ sign-in {link}", flush=True)
        supervisor.watch(server)
    finally:
        supervisor.stop()
        if server is not None:
            server.stop()
            server.release()
    return 0
