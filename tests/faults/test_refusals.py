"""Every reason not to start: one clear sentence, nothing changed, exit code 1."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from dialogue.kit.ports import free_port
from dialogue.platform.embedded.server import SUPERUSER, EmbeddedServer
from tests.machines import ROOT, Installation, NamedServer, clean_environment, dialogue

pytestmark = pytest.mark.slow
NOBODY = 65534
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as another user and to mount a small disk")


def refused(*words: str, **environment: str) -> str:
    """Run the verb, expect a refusal, and return its one sentence."""
    done = dialogue(*words, **environment)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert "ready" not in done.stdout
    return done.stderr.strip().splitlines()[-1]


def dev_source() -> str:
    return (ROOT / "dev").read_text()


def test_old_python_is_refused() -> None:
    for version in ((3, 7), (3, 10)):
        ast.parse(dev_source(), feature_version=version)
    fake = f"import sys; sys.version_info = (3, 9, 2); exec(compile(open({str(ROOT / 'dev')!r}).read(), 'dev', 'exec'))"
    done = subprocess.run([sys.executable, "-c", fake], text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert "Dialogue needs Python 3.11 or newer; this is 3.9" in done.stderr


@pytest.mark.parametrize("offset", [0, 1])
def test_taken_port_is_refused_with_its_holder_and_another(folder: Path, offset: int) -> None:
    port = free_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port + offset))
        holder.listen()
        words = refused("run", "--data", str(folder / "data"), "--port", str(port))
    assert f"Port {port + offset} is taken by process {os.getpid()} (" in words
    proposed = int(words.rpartition("--port ")[2].rstrip("."))
    assert proposed not in {port, port + 1}
    assert not (folder / "data" / "pg").exists()


def test_second_start_on_the_same_data_is_refused(installation: Callable[..., Installation]) -> None:
    running = installation("--no-demo")
    running.ready()
    words = refused("run", "--data", str(running.folder), "--port", str(free_port()))
    assert f"dialogue run, process {running.process.pid}" in words


def test_data_of_a_newer_version_is_refused_unchanged(data: Path) -> None:
    server = EmbeddedServer(data)
    server.start()
    try:
        with psycopg.connect(host=str(server.socket), user=SUPERUSER, dbname="dialogue", autocommit=True) as raw:
            raw.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('tenants', '9999_later', now())")
        (data / "migrated").unlink()
        words = refused("migrate", "--data", str(data))
        assert "newer version of Dialogue (it knows tenants.9999_later)" in words
    finally:
        server.stop()
        server.release()


def test_database_of_another_postgresql_is_refused(data: Path) -> None:
    (data / "pg" / "PG_VERSION").write_text("19\n")
    assert "made by another PostgreSQL version" in refused("migrate", "--data", str(data))


@is_root
def test_data_of_another_user_is_refused(data: Path) -> None:
    os.chown(data, NOBODY, NOBODY)
    words = refused("run", "--data", str(data), "--port", str(free_port()))
    assert f"The data folder {data} belongs to another user (id {NOBODY})" in words


def test_folder_without_write_permission_is_refused(folder: Path) -> None:
    shut = folder / "shut"
    shut.mkdir(mode=0o555)
    program = (
        "import os, sys, errno; import dialogue.faces.command.main as m; m.parser()\n"
        f"if os.geteuid() == 0: os.setegid({NOBODY}); os.seteuid({NOBODY})\n"
        "sys.exit(m.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "--data", str(shut / "data"), "--port", str(free_port())],
        text=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"No permission to write to {shut / 'data'}. Give this user the right, or name another folder with --data."
    )


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "none", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@is_root
@pytest.mark.parametrize("size", ["16k", "40m"])
def test_full_disk_is_refused(folder: Path, size: str) -> None:
    with small_disk(folder, size) as disk:
        words = refused("run", "--data", str(disk / "data"), "--port", str(free_port()))
    assert f"The disk that holds {disk / 'data'} is full" in words


def test_unreachable_database_is_refused(folder: Path) -> None:
    port = free_port()
    url = f"postgres://me:secret@127.0.0.1:{port}/dialogue"
    for verb in ("run", "migrate", "web", "worker", "tracker", "check"):
        more = ["--port", str(free_port())] if verb in {"run", "web", "tracker"} else []
        words = refused(verb, "--data", str(folder / "data"), *more, DATABASE_URL=url)
        assert words == f"No database answers at 127.0.0.1:{port} (DATABASE_URL). Start it, or correct the address."
        assert "secret" not in words


def test_wrong_password_is_refused(folder: Path, named_server: NamedServer) -> None:
    words = refused("migrate", "--data", str(folder / "data"), DATABASE_URL=named_server.url(password="wrong"))
    assert words == f"The database at 127.0.0.1:{named_server.port} refused the password of admin. Correct DATABASE_URL."


def test_missing_database_is_refused(folder: Path, named_server: NamedServer) -> None:
    words = refused("migrate", "--data", str(folder / "data"), DATABASE_URL=named_server.url(name="nowhere"))
    assert 'database "nowhere" does not exist' in words


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        ("CREATE ROLE {0} LOGIN PASSWORD 'word' CREATEROLE", "may not create tables in the database"),
        ("CREATE ROLE {0} LOGIN PASSWORD 'word'; ALTER DATABASE {0} OWNER TO {0}", "may not create the role weak"),
    ],
)
def test_lacking_rights_are_refused(folder: Path, named_server: NamedServer, rights: str, expected: str) -> None:
    name = f"weak{len(expected)}"
    with psycopg.connect(named_server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        for statement in rights.format(name).split("; "):
            admin.execute(statement)
    words = refused("migrate", "--data", str(folder / "data"), DATABASE_URL=named_server.url(name, "word", name))
    assert expected in words


def test_database_without_cyrillic_case_is_refused(folder: Path, named_server: NamedServer) -> None:
    with psycopg.connect(named_server.url(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE plain TEMPLATE template0 LOCALE 'C'")
    words = refused("migrate", "--data", str(folder / "data"), DATABASE_URL=named_server.url(name="plain"))
    assert "cannot lower-case Cyrillic" in words
