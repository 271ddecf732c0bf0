"""A new database holds to the letter what Django's own command would have made of the migrations."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from dialogue.faces.command.archive import program
from dialogue.platform.embedded import bootstrap
from dialogue.platform.embedded.migrating import migrate, pending
from dialogue.platform.embedded.server import SUPERUSER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(settings.DATABASE_URL), reason="makes databases of its own on the embedded server"),
]


NUMBERED_BY_CHANCE = ("django_migrations", "django_content_type", "auth_permission", "*_id_seq")


@contextmanager
def _new_database(name: str) -> Iterator[str]:
    """Let `owner` be connected to a database without a table, return its socket, and drop it afterwards."""
    owner = connections["owner"]
    before, socket = owner.settings_dict["NAME"], owner.settings_dict["HOST"]
    owner.close()
    bootstrap.make_embedded_database(socket, SUPERUSER, name)
    owner.settings_dict["NAME"] = settings.DATABASES["owner"]["NAME"] = name
    try:
        yield socket
    finally:
        owner.close()
        owner.settings_dict["NAME"] = settings.DATABASES["owner"]["NAME"] = before
        with psycopg.connect(host=socket, user=SUPERUSER, dbname="postgres", autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _made(way: Callable[[], None]) -> list[str]:
    name = f"structure{way.__name__}"
    with _new_database(name) as socket:
        way()
        left_out = [f"--exclude-table-data={table}" for table in NUMBERED_BY_CHANCE]
        dump = [program("pg_dump"), "--inserts", *left_out, "-h", socket, "-U", SUPERUSER, name]
        done = subprocess.run(dump, text=True, capture_output=True, check=True)
    # The newest programs write a word of chance around each file.
    return [line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def _by_our_door() -> None:
    owner = connections["owner"]
    migrate(owner, pending(owner))


def _by_django() -> None:
    call_command("migrate", database="owner", verbosity=0, interactive=False)


@pytest.mark.django_db(transaction=True, databases=["owner", "default"])
def test_new_database_equals_the_one_django_makes() -> None:
    ours, django = _made(_by_our_door), _made(_by_django)

    assert len(django) > 5000
    assert ours == django
