"""Whether a named database lets us in, in words when not; needs no Django, so that a server refuses before it loads."""

from __future__ import annotations

from typing import Any

import psycopg

from dialogue.kit import environment
from dialogue.kit.secret import load_secrets
from dialogue.platform.embedded.errors import DatabaseRefusal

CONNECT_SECONDS = 5


def named_owner() -> dict[str, Any]:
    """Return the owner's connection as DATABASE_URL names it."""
    return environment.database(environment.text("DATABASE_URL"))


def named_application() -> dict[str, Any]:
    """Return the application role's connection on the named server."""
    if environment.text("DATABASE_APP_URL"):
        return environment.database(environment.text("DATABASE_APP_URL"))
    secrets = load_secrets(environment.data_folder())
    owner = named_owner()
    return owner | {"USER": environment.application_role(owner["NAME"]), "PASSWORD": secrets["application_password"]}


def connect(named: dict[str, Any]) -> psycopg.Connection[Any]:
    """Return an autocommit connection outside Django.

    Raises:
        DatabaseRefusal: the server cannot be reached or refuses us.
    """
    try:
        return psycopg.connect(
            host=named["HOST"],
            port=named["PORT"] or None,
            user=named["USER"],
            password=named["PASSWORD"] or None,
            dbname=named["NAME"],
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            **named.get("OPTIONS", {}),
        )
    except psycopg.OperationalError as error:
        raise DatabaseRefusal(words_of(error, named)) from error


def refuse_unreachable_named() -> None:
    """Where DATABASE_URL names a server, try the application's connection; the embedded one starts when first needed.

    Raises:
        DatabaseRefusal: it cannot be had.
    """
    if environment.text("DATABASE_URL"):
        connect(named_application()).close()


def words_of(error: Exception, named: dict[str, Any]) -> str:
    """Return what a failed connection means and what to do."""
    text = str(error)
    place = f"{named['HOST'] or 'the local socket'}:{named['PORT'] or 5432}"
    if "password authentication failed" in text:
        if named["USER"] == environment.application_role(named["NAME"]):
            return f"The database at {place} refused the password of {named['USER']}. Run `dialogue migrate` once: it sets it."
        return f"The database at {place} refused the password of {named['USER']}. Correct DATABASE_URL."
    if "does not exist" in text:
        return f"The server at {place} answered, but: {text.strip().splitlines()[-1]}. Create it, or correct DATABASE_URL."
    if "no pg_hba.conf entry" in text:
        return f"The server at {place} does not let {named['USER']} in from here: add a line to its pg_hba.conf."
    if "permission denied for database" in text:
        return f"The server at {place} does not let {named['USER']} use the database {named['NAME']}: GRANT CONNECT to it."
    if "too many" in text:
        return f"The server at {place} has no connection free. Raise its max_connections, or start fewer workers."
    return f"No database answers at {place} (DATABASE_URL). Start it, or correct the address."
