"""Whole installations and database servers of a test's own, on loopback, ended with the test."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from dialogue.kit.ports import free_port
from dialogue.platform.embedded.server import SUPERUSER, EmbeddedServer, binaries, service_user

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "dialogue.faces.command.main"]
READY = re.compile(r"^ready (http://127\.0\.0\.1:(\d+)/) sign-in (http://127\.0\.0\.1:\d+/\S+)$")
DEBIAN = Path("/usr/lib/postgresql/15/bin")


def until(condition: Callable[[], object], *, seconds: float = 60.0) -> object:
    """Return the condition's first true answer; fail after the seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"did not come true in {seconds} s: {condition}")


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what names an installation."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DIALOGUE_", "DATABASE_", "DJANGO_", "LC_", "LANG"))}
    return kept | {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"} | more


def dialogue(*words: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb of the command line to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        env=clean_environment(**environment),
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
        input=stdin if stdin is not None else "",
    )


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the database's account can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="dialogue-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Installation:
    """A running `dialogue run`."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder.with_name(folder.name + ".log")
        self._stream = self.log.open("w")
        self.process = subprocess.Popen(
            [*COMMAND, "run", "--data", str(folder), "--port", str(self.port), *words],
            env=clean_environment(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._stream,
            stderr=subprocess.STDOUT,
        )

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def ready(self) -> str:
        """Wait for the ready line and return it."""

        def look() -> str | None:
            assert self.process.poll() is None, self.log.read_text()
            return next((line for line in self.lines() if line.startswith("ready ")), None)

        return str(until(look, seconds=180))

    def said(self, words: str) -> Callable[[], bool]:
        return lambda: words in self.log.read_text()

    def children(self) -> dict[str, int]:
        """Return the living children's ids by verb."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                words = (process / "cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
            if parent != self.process.pid:
                continue
            # A server's first process becomes the keeper of its workers; its verb comes after their ids.
            for module, place in ((b"dialogue.faces.command.main", 1), (b"dialogue.faces.command.keeper", 2)):
                if module in words:
                    found[words[words.index(module) + place].decode()] = int(process.name)
        return found

    def everything(self) -> list[int]:
        """Return every process this installation started: its children's groups and its database."""
        mark = str(self.folder).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes()
                surroundings = (process / "environ").read_bytes()
            except OSError:
                continue
            if int(process.name) != os.getpid() and words and (mark in words or b"DIALOGUE_DATA=" + mark in surroundings):
                found.append(int(process.name))
        return found

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Ask it to stop, see that it leaves nothing behind, and return the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        took = time.monotonic() - begun
        assert not self.everything()
        return took

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in self.everything():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._stream.close()
        self.log.unlink()


class NamedServer:
    """A PostgreSQL server on a port with passwords, as a company's administrator keeps one."""

    def __init__(self, folder: Path, programs: Path, *, password: str = "s3cret words") -> None:
        self.cluster = folder / "cluster"
        self.programs = programs
        self.port = free_port()
        self.password = password
        user = service_user()
        self._identity = {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}
        self.cluster.mkdir(mode=0o700)
        words = folder / "words"
        words.write_text(password)
        words.chmod(0o644)
        if user:
            os.chown(self.cluster, user.uid, user.gid)
        self._call("initdb", "-D", str(self.cluster), "-U", "admin", f"--pwfile={words}", "-A", "scram-sha-256",
                   "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        options = f"-p {self.port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories="
        self._call("pg_ctl", "start", "-w", "-D", str(self.cluster), "-l", str(self.cluster / "log"), "-o", options)

    def _call(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *words],
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LANG": "C"},
            check=False,
            **self._identity,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr

    def url(self, user: str = "admin", password: str | None = None, name: str = "postgres") -> str:
        word = (password or self.password).replace(" ", "%20")
        return f"postgres://{user}:{word}@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self._call("pg_ctl", "stop", "-m", "immediate", "-D", str(self.cluster))


def server_programs() -> Path:
    """Return Debian's PostgreSQL 15 where it is installed, else the embedded one's programs."""
    return DEBIAN if (DEBIAN / "postgres").exists() else binaries() / "bin"


@contextmanager
def database_of(data: Path, name: str = "dialogue") -> Iterator[psycopg.Connection]:
    """Start the embedded server of a data folder and connect to a database of it as its superuser."""
    server = EmbeddedServer(data)
    server.start()
    try:
        with psycopg.connect(host=str(server.socket), user=SUPERUSER, dbname=name, autocommit=True) as raw:
            yield raw
    finally:
        server.release()
