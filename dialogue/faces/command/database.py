"""What every verb needs of the database before it starts: reachable, prepared, not newer than this program."""

from __future__ import annotations

import sys
from typing import Any

import psycopg
from django.conf import settings
from django.db import OperationalError, connections
from django.db.migrations.loader import MigrationLoader

from dialogue.faces.command.archive import backups_folder, make_backup, stamp
from dialogue.faces.command.reaching import connect, words_of
from dialogue.platform.embedded import bootstrap
from dialogue.platform.embedded.errors import DatabaseRefusal, DataFolderRefusal
from dialogue.platform.embedded.server import SUPERUSER, server_for

KEPT_BACKUPS = 5


def prepare() -> None:
    """Start the embedded server and make its roles and database; on a named server make the application role.

    Raises:
        DatabaseRefusal: unreachable, wrong password, or lacking rights, each in words.
    """
    if not settings.DATABASE_URL:
        server = server_for(settings.DATA)
        server.start()
        bootstrap.make_embedded_database(str(server.socket), SUPERUSER, settings.DATABASES["default"]["NAME"])
        return
    connection = connect(settings.DATABASES["owner"])
    with connection:
        bootstrap.refuse_unfit(connection)
        _refuse_lacking_rights(connection)
        if not settings.DATABASE_APP_URL:
            _make_application_role(connection)
        if is_superuser(connection):
            bootstrap.mark_leakproof(connection)


def _refuse_lacking_rights(connection: Any) -> None:
    row = connection.execute(
        "SELECT current_user, current_database(), has_schema_privilege(current_user, 'public', 'CREATE')"
    ).fetchone()
    if not row[2]:
        message = (
            f"The user {row[0]} of DATABASE_URL may not create tables in the database {row[1]}. "
            f"Make it the owner: ALTER DATABASE {row[1]} OWNER TO {row[0]}; ALTER SCHEMA public OWNER TO {row[0]}."
        )
        raise DatabaseRefusal(message)


def _make_application_role(connection: Any) -> None:
    application = settings.DATABASES["default"]["USER"]
    try:
        bootstrap.make_role(connection, application, settings.SECRETS["application_password"])
    except psycopg.errors.InsufficientPrivilege as error:
        message = (
            f"The user of DATABASE_URL may not create the role {application}. "
            "Give it CREATEROLE, or make the role yourself and name it in DATABASE_APP_URL."
        )
        raise DatabaseRefusal(message) from error
    bootstrap.grant_application(connection, settings.DATABASES["owner"]["USER"], application)


def refuse_newer(owner: Any) -> None:
    """Refuse a database that a newer version of the program has migrated.

    Raises:
        DataFolderRefusal: names the first migration this program does not know.
    """
    loader = MigrationLoader(owner)
    refuse_unknown(loader, list(loader.applied_migrations))


def refuse_unknown(loader: MigrationLoader, applied: list[tuple[str, str]]) -> None:
    """Refuse migrations that this program does not know.

    Raises:
        DataFolderRefusal: names the first of them.
    """
    known = {*loader.disk_migrations, *loader.replacements}
    unknown = sorted(f"{app}.{name}" for app, name in applied if (app, name) not in known)
    if unknown:
        message = (
            f"This data was written by a newer version of Dialogue (it knows {unknown[0]}). "
            "Install that version or a later one; nothing was changed."
        )
        raise DataFolderRefusal(message)


def holds_data(owner: Any) -> bool:
    """Return whether the database already has tables, so that an upgrade must back up first."""
    return "tenants_tenant" in owner.introspection.table_names()


def back_up_before_upgrade() -> None:
    """Write a backup beside the data before pending migrations touch it; keep the newest few."""
    made = make_backup(backups_folder() / f"before-upgrade-{stamp()}.tar")
    print(f"\nbacked up first: {made}", file=sys.stderr, flush=True)
    for old in sorted(made.parent.glob("before-upgrade-*.tar"))[:-KEPT_BACKUPS]:
        old.unlink()


def settle(owner: Any) -> None:
    """After migrations: rights for the application role on what they made, marks on the functions they made."""
    application = settings.DATABASES["default"]["USER"]
    with owner.cursor() as cursor:
        bootstrap.grant_application(cursor.connection, settings.DATABASES["owner"]["USER"] or "", application)
    mark()


def mark() -> None:
    """Put the LEAKPROOF marks on, where we are or can be a superuser."""
    if settings.DATABASE_URL:
        with connect(settings.DATABASES["owner"]) as connection:
            if is_superuser(connection):
                bootstrap.mark_leakproof(connection)
        return
    server = server_for(settings.DATA)
    with psycopg.connect(
        host=str(server.socket), user=SUPERUSER, dbname=settings.DATABASES["default"]["NAME"], autocommit=True
    ) as connection:
        bootstrap.mark_leakproof(connection)


def is_superuser(connection: Any) -> bool:
    """Return whether the connection may mark functions."""
    return bool(connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()[0])


def refuse_unreachable() -> None:
    """Try the application's own connection.

    Raises:
        DatabaseRefusal: it cannot be had.
    """
    try:
        connections["default"].ensure_connection()
    except OperationalError as error:
        raise DatabaseRefusal(words_of(error, settings.DATABASES["owner"])) from error
