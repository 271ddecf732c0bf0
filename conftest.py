"""The test database: a throwaway embedded server, a template per state of the migrations, a clone per run.

Tests connect as the fenced application role, so row security is really tested.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from psycopg import sql

SERVER_FOLDER = Path(os.environ.get("DIALOGUE_TEST_SERVER", Path(tempfile.gettempdir()) / f"dialogue-test-{os.geteuid()}"))


# `./dev test --database URL` names an empty database of a server; DATABASE_URL is the same address.
NAMED = os.environ.get("DIALOGUE_TEST_DATABASE", "")
EVERYTHING = os.environ.get("DIALOGUE_TEST_ALL", "")


def pytest_configure(config: pytest.Config) -> None:
    """Let the sync Playwright API and Django live in one thread."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what only the embedded server can show while another one serves the tests."""
    if not NAMED:
        return
    reason = pytest.mark.skip(reason="shown on the embedded server")
    for item in items:
        if item.get_closest_marker("embedded"):
            item.add_marker(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With --all a missing part is a failure, not a skip."""
    report = yield
    if EVERYTHING and report.skipped and not hasattr(report, "wasxfail"):
        where = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"left out, but everything was asked for: {where}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name what was left out and what is missing for it."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.getreports("skipped"):
        words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[words.removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("left out on this machine")
        for words, count in reasons.most_common():
            terminalreporter.line(f"{count:4} tests: {words}")


def _make_named_fit() -> None:
    """Bring the named database to this version with the application's rights; refuse one that holds companies."""
    from django.conf import settings
    from django.db import connections

    from dialogue.faces.command.migrate import bring_up_to_date

    bring_up_to_date()
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_tenant")
        if cursor.fetchone()[0]:
            pytest.exit("--database names a database that holds companies: name an empty one.", returncode=2)
        role = sql.Identifier(settings.DATABASES["default"]["USER"])
        cursor.execute(sql.SQL("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {}").format(role))
    owner.close()


# The same examples every time, so that a run says something about the change; DIALOGUE_TEST_EXPLORE=1 looks for others.
hypothesis.settings.register_profile("steady", derandomize=True)
if not os.environ.get("DIALOGUE_TEST_EXPLORE"):
    hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _speak_english() -> Iterator[None]:
    """A request leaves its reader's language and zone behind in the thread: each test begins in English and UTC."""
    from django.utils import timezone, translation

    with translation.override("en"), timezone.override(None):
        yield


@pytest.fixture(autouse=True)
def _fill_every_bucket() -> None:
    """The suite asks more often than a person."""
    from dialogue.faces import limits

    limits.forget()


@pytest.fixture
def _unplanned(db: None) -> Iterator[None]:
    """Leave no statistics behind: rows of a test are invisible to ANALYZE, and the planner would take the tables for empty."""
    _forget_statistics()
    yield
    _forget_statistics()


def _forget_statistics() -> None:
    import psycopg
    from django.db import connections

    with psycopg.connect(**connections["owner"].get_connection_params(), autocommit=True) as raw:
        # Older servers keep them; the order of tests decides there whether it shows.
        if raw.info.server_version >= 180_000:
            raw.execute(
                "SELECT pg_clear_relation_stats('public', relname) FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples = 0"
            )


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest, worker_id: str = "main") -> Iterator[None]:
    """Clone the migrated template and point both connections at the clone."""
    from django.conf import settings
    from django.db import connections

    from dialogue.faces.command.migrate import fingerprint
    from dialogue.platform.embedded import bootstrap
    from dialogue.platform.embedded.migrating import migrate, pending
    from dialogue.platform.embedded.server import SUPERUSER, server_for

    if NAMED:
        with django_db_blocker.unblock():
            _make_named_fit()
        yield
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    template = f"template_{fingerprint()[:16]}"
    clone = f"test_{os.getpid()}_{worker}"
    server = server_for(SERVER_FOLDER, throwaway=True)
    server.start()
    for alias in ("default", "owner"):
        connections[alias].settings_dict.update(EMBEDDED=str(SERVER_FOLDER), THROWAWAY=True, HOST=str(server.socket))
        settings.DATABASES[alias]["EMBEDDED"] = str(SERVER_FOLDER)
    with (
        django_db_blocker.unblock(),
        psycopg.connect(host=str(server.socket), user=SUPERUSER, dbname="postgres", autocommit=True) as admin,
    ):
        admin.execute("SELECT pg_advisory_lock(8400)")
        _drop_leftovers(admin)
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            making = f"{template}_making"
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(making)))
            bootstrap.make_embedded_database(str(server.socket), SUPERUSER, making)
            connections["owner"].settings_dict["NAME"] = making
            migrate(connections["owner"], pending(connections["owner"]))
            with connections["owner"].cursor() as cursor:
                cursor.execute("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO dialogue_app")
            connections["owner"].close()
            bootstrap.make_embedded_database(str(server.socket), SUPERUSER, making)
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(template)))
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER dialogue_owner")
        admin.execute(statement.format(sql.Identifier(clone), sql.Identifier(template)))
        admin.execute("SELECT pg_advisory_unlock(8400)")
        for alias in ("default", "owner"):
            connections[alias].settings_dict["NAME"] = clone
            settings.DATABASES[alias]["NAME"] = clone
        yield
        for alias in ("default", "owner"):
            connections[alias].close()
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(clone)))


def _drop_leftovers(admin: psycopg.Connection) -> None:
    """Drop the clones of runs that were killed."""
    for (name,) in admin.execute("SELECT datname FROM pg_database WHERE datname ~ '^test_[0-9]+_'").fetchall():
        if not Path("/proc", name.split("_")[1]).exists():
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Keep pytest-django from naming databases: `django_db_setup` above does."""
