"""A backup: one tar with a manifest, the database, the files and the installation's keys, readable by its owner only."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from dialogue import __version__
from dialogue.kit.environment import EnvironmentRefusal
from dialogue.platform.embedded.server import binaries, server_for

FORMAT = 1
MANIFEST, DUMP, SECRETS, FILES = "manifest.json", "database.dump", "secrets.json", "files"
# Only psql of 17 and later knows what newer dumps set; the server may be older.
UNKNOWN_TO_OLDER = "SET transaction_timeout"


def stamp() -> str:
    """Return now as it stands in names of files, UTC."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def backups_folder() -> Path:
    """Return the folder where backups lie unless named otherwise."""
    return Path(settings.DATA) / "backups"


def program(name: str) -> str:
    """Return one of PostgreSQL's programs: for a named server the machine's own where it has one, since ours lacks TLS."""
    return (settings.DATABASE_URL and shutil.which(name)) or str(binaries() / "bin" / name)


def owner_environment() -> dict[str, str]:
    """Return the environment in which PostgreSQL's programs connect as the owner."""
    named = settings.DATABASES["owner"]
    host = named.get("HOST") or ""
    if not settings.DATABASE_URL:
        server = server_for(settings.DATA)
        server.start()
        host = str(server.socket)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    values = {
        "PGHOST": host,
        "PGPORT": named.get("PORT"),
        "PGUSER": named["USER"],
        "PGPASSWORD": named.get("PASSWORD"),
        "PGDATABASE": named["NAME"],
        "PGOPTIONS": "-c client_min_messages=warning",
        "PGSSLMODE": named.get("OPTIONS", {}).get("sslmode"),
        "LANG": "C",
    }
    return kept | {key: str(value) for key, value in values.items() if value}


def make_backup(target: Path) -> Path:
    """Write database, files and keys into `target` and return it; work goes on meanwhile.

    Raises:
        EnvironmentRefusal: the file exists, or PostgreSQL's own program failed.
    """
    if target.exists():
        message = f"{target} exists already. Name another file."
        raise EnvironmentRefusal(message)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = target.with_name(target.name + ".unfinished")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        dump = Path(folder) / DUMP
        _dump(dump)
        with contextlib.ExitStack() as stack:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            stream = stack.enter_context(os.fdopen(descriptor, "wb"))
            with tarfile.open(fileobj=stream, mode="w") as tar:
                _add_bytes(tar, MANIFEST, json.dumps(_manifest(), indent=1).encode())
                tar.add(dump, DUMP)
                tar.add(Path(settings.DATA) / SECRETS, SECRETS)
                if Path(settings.MEDIA_ROOT).is_dir():
                    tar.add(settings.MEDIA_ROOT, FILES)
            stream.flush()
            os.fsync(stream.fileno())
    unfinished.replace(target)
    return target


def _dump(target: Path) -> None:
    done = subprocess.run(
        [
            program("pg_dump"),
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            "--no-unlogged-table-data",
            f"--file={target}",
        ],
        env=owner_environment(),
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        message = f"The database could not be backed up: {done.stderr.strip()[-400:]}"
        raise EnvironmentRefusal(message)


def _manifest() -> dict[str, Any]:
    owner = connections["owner"]
    applied = sorted(MigrationRecorder(owner).applied_migrations())
    return {"format": FORMAT, "program": __version__, "made_at": datetime.now(UTC).isoformat(), "migrations": applied}


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o600
    entry.mtime = int(datetime.now(UTC).timestamp())
    tar.addfile(entry, io.BytesIO(content))


@contextlib.contextmanager
def opened(source: Path) -> Iterator[tuple[tarfile.TarFile, dict[str, Any]]]:
    """Open a backup and yield it with its manifest.

    Raises:
        EnvironmentRefusal: not a backup of ours, damaged, or in a later form.
    """
    try:
        tar = tarfile.open(source)  # noqa: SIM115
    except (OSError, tarfile.TarError) as error:
        message = f"{source} cannot be read as a backup: {error}. Name a file that `dialogue backup` made."
        raise EnvironmentRefusal(message) from error
    with tar:
        try:
            manifest = json.loads((tar.extractfile(MANIFEST) or io.BytesIO()).read())
            tar.getmember(DUMP)
            tar.getmember(SECRETS)
        except (KeyError, ValueError, tarfile.TarError) as error:
            message = f"{source} is not a whole backup of Dialogue. Name a file that `dialogue backup` made."
            raise EnvironmentRefusal(message) from error
        if manifest.get("format") != FORMAT:
            message = (
                f"{source} was made by a newer version of Dialogue ({manifest.get('program')}). Install that version first."
            )
            raise EnvironmentRefusal(message)
        yield tar, manifest


def read(tar: tarfile.TarFile, name: str, target: Path) -> None:
    """Write one entry of the backup to `target`, readable by its owner only."""
    source = tar.extractfile(name)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        shutil.copyfileobj(source or io.BytesIO(), stream)


def read_files(tar: tarfile.TarFile, target: Path) -> None:
    """Write the backup's files below `target`; links and names that lead elsewhere are left out."""
    target.mkdir(mode=0o700)
    for entry in tar:
        path = PurePosixPath(entry.name)
        if path.parts[:1] != (FILES,) or not entry.isfile() or ".." in path.parts:
            continue
        place = target.joinpath(*path.parts[1:])
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        read(tar, entry.name, place)


def load_dump(dump: Path, *, after: str) -> None:
    """Replace the whole database by the dump and run `after`, all in one transaction.

    Raises:
        EnvironmentRefusal: PostgreSQL refused; nothing was changed.
    """
    environment = owner_environment()
    reading = subprocess.Popen(
        [program("pg_restore"), "--file=-", "--no-owner", "--no-privileges", str(dump)],
        env=environment,
        stdout=subprocess.PIPE,
    )
    with tempfile.TemporaryFile() as said:
        writing = subprocess.Popen(
            [program("psql"), "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        assert reading.stdout is not None
        assert writing.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            writing.stdin.write(b"DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n")
            for line in fit_lines(reading.stdout):
                writing.stdin.write(line)
            if reading.wait() == 0:
                writing.stdin.write(after.encode() + b"\n")
            else:
                writing.stdin.write(b"\\error\n")
        with contextlib.suppress(BrokenPipeError):
            writing.stdin.close()
        failed = writing.wait() or reading.wait()
        said.seek(0)
        if failed:
            message = f"The database could not be restored; nothing was changed. {said.read().decode(errors='replace')[-400:]}"
            raise EnvironmentRefusal(message)


def fit_lines(lines: Any) -> Iterator[bytes]:
    """Yield the script without what an older server does not know and what only a superuser may say (marks come after)."""
    copying = False
    for line in lines:
        if copying:
            copying = line != b"\\.\n"
        elif line.startswith(b"COPY ") and line.endswith(b"FROM stdin;\n"):
            copying = True
        elif line.startswith((UNKNOWN_TO_OLDER.encode(), b"CREATE SCHEMA public")):
            continue
        elif line.startswith(b"    LANGUAGE "):
            line = line.replace(b" LEAKPROOF", b"")  # noqa: PLW2901
        yield line
