"""What every verb needs of the database before it starts: reachable, prepared, not newer than this program."""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings
from django.db import OperationalError, connections
from django.db.migrations.loader import MigrationLoader

from dialogue.platform.embedded import bootstrap
from dialogue.platform.embedded.errors import DatabaseRefusal, DataFolderRefusal
from dialogue.platform.embedded.server import SUPERUSER, server_for


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
    connection = raw_owner_connection()
    with connection:
        bootstrap.refuse_unfit(connection)
        if not settings.DATABASE_APP_URL:
            _make_application_role(connection)
        if is_superuser(connection):
            bootstrap.mark_leakproof(connection)


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


def raw_owner_connection() -> psycopg.Connection[Any]:
    """Return an autocommit connection as the owner, outside Django.

    Raises:
        DatabaseRefusal: the server cannot be reached or refuses us.
    """
    named = settings.DATABASES["owner"]
    try:
        return psycopg.connect(
            host=named["HOST"],
            port=named["PORT"] or None,
            user=named["USER"],
            password=named["PASSWORD"] or None,
            dbname=named["NAME"],
            autocommit=True,
            connect_timeout=5,
            **named.get("OPTIONS", {}),
        )
    except psycopg.OperationalError as error:
        raise DatabaseRefusal(words_of(error)) from error


def words_of(error: Exception) -> str:
    """Return what a failed connection means and what to do."""
    text = str(error)
    where = settings.DATABASES["owner"]
    place = f"{where['HOST'] or 'the local socket'}:{where['PORT'] or 5432}"
    if "password authentication failed" in text:
        return f"The database at {place} refused the password of {where['USER']}. Correct DATABASE_URL."
    if "does not exist" in text:
        return f"The server at {place} answered, but: {text.strip().splitlines()[-1]}. Create it, or correct DATABASE_URL."
    if "no pg_hba.conf entry" in text:
        return f"The server at {place} does not let {where['USER']} in from here: add a line to its pg_hba.conf."
    return f"No database answers at {place} (DATABASE_URL). Start it, or correct the address."


def refuse_newer(owner: Any) -> None:
    """Refuse a database that a newer version of the program has migrated.

    Raises:
        DataFolderRefusal: names the first migration this program does not know.
    """
    loader = MigrationLoader(owner)
    ours = {app for app, _name in loader.disk_migrations}
    unknown = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in ours and (app, name) not in loader.disk_migrations and (app, name) not in loader.replacements
    )
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
    """Write a backup beside the data before pending migrations touch it."""


def settle(owner: Any) -> None:
    """After migrations: rights for the application role on what they made, marks on the functions they made."""
    application = settings.DATABASES["default"]["USER"]
    with owner.cursor() as cursor:
        bootstrap.grant_application(cursor.connection, settings.DATABASES["owner"]["USER"] or "", application)
    mark()


def mark() -> None:
    """Put the LEAKPROOF marks on, where we are or can be a superuser."""
    if settings.DATABASE_URL:
        with raw_owner_connection() as connection:
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
        raise DatabaseRefusal(words_of(error)) from error
