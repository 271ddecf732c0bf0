"""Make a database fit for Dialogue: roles, default rights, LEAKPROOF marks, and the checks that refuse an unfit one."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from dialogue.platform.embedded.errors import DatabaseRefusal

OWNER = "dialogue_owner"
APPLICATION = "dialogue_app"
OLDEST_POSTGRESQL = 150000

# Row security lets the planner use an index only for LEAKPROOF operators; companies never send SQL, so marking is safe.
LEAKPROOF = (
    "textlike", "textnlike", "texticlike", "texticnlike", "textregexeq", "textregexne", "texticregexeq", "texticregexne",
    "starts_with", "lower", "upper", "numeric_eq", "numeric_ne", "numeric_lt", "numeric_le", "numeric_gt", "numeric_ge",
    "numeric_cmp", "jsonb_contains", "jsonb_contained", "jsonb_exists", "jsonb_exists_any", "jsonb_exists_all",
    "jsonb_object_field_text", "arraycontains", "arraycontained", "arrayoverlap", "array_eq", "ts_match_vq", "ts_match_qv",
    "date_ge_timestamptz", "date_lt_timestamptz", "timestamptz_ge_date", "timestamptz_lt_date",
    "replace", "translate",
)  # fmt: skip
# Our own, made by the migration of this room; indexes over them need the mark as much.
OUR_LEAKPROOF = ("sort_key", "search_fold", "search_grams")
MARKED = [[*LEAKPROOF], [*OUR_LEAKPROOF]]
UNMARKED = (
    "FROM pg_proc WHERE NOT proleakproof AND (pronamespace = 'pg_catalog'::regnamespace AND proname = ANY(%s)"
    " OR pronamespace = 'public'::regnamespace AND proname = ANY(%s))"
)


def leakproof_missing(connection: Any) -> list[str]:
    """Return the names of the functions that still lack the mark in this database."""
    rows = connection.execute(f"SELECT DISTINCT proname {UNMARKED} ORDER BY 1", MARKED)
    return [row[0] for row in rows.fetchall()]


def mark_leakproof(connection: Any) -> None:
    """Mark the functions; needs a superuser. The marks are per database and not in a dump, so every start applies them."""
    rows = connection.execute(f"SELECT oid::regprocedure::text {UNMARKED}", MARKED).fetchall()
    for (signature,) in rows:
        connection.execute(f"ALTER FUNCTION {signature} LEAKPROOF")


def make_role(connection: Any, name: str, password: str | None) -> None:
    """Create the role if it is missing: no superuser, no bypass of row security."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if not known:
        statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
        connection.execute(statement.format(sql.Identifier(name)))
    if password is not None:
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(password)))


def grant_application(connection: Any, owner: str, application: str) -> None:
    """Give the application role its rights on what the owner has made and will make: rows, never structure."""
    names = {"owner": sql.Identifier(owner), "application": sql.Identifier(application)}
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {application}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {application}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {application}",
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
            " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {application}"
        ),
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {application}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def make_embedded_database(socket: str, superuser: str, name: str) -> None:
    """Make roles, database, rights and marks on the embedded server; safe to repeat."""
    with psycopg.connect(host=socket, user=superuser, dbname="postgres", autocommit=True) as server:
        make_role(server, OWNER, None)
        make_role(server, APPLICATION, None)
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {} STRATEGY file_copy")
            server.execute(statement.format(sql.Identifier(name), sql.Identifier(OWNER)))
    with psycopg.connect(host=socket, user=superuser, dbname=name, autocommit=True) as database:
        mark_leakproof(database)
        database.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(OWNER)))
        grant_application(database, OWNER, APPLICATION)


def refuse_unfit(connection: Any) -> None:
    """Refuse a server that is too old or whose lower-casing does not know Cyrillic.

    Raises:
        DatabaseRefusal: names what is wrong and what to do.
    """
    version = int(connection.execute("SHOW server_version_num").fetchone()[0])
    if version < OLDEST_POSTGRESQL:
        message = f"PostgreSQL {version // 10000} is too old. Use PostgreSQL 15 or newer."
        raise DatabaseRefusal(message)
    if connection.execute("SELECT lower('Ё')").fetchone()[0] != "ё":
        message = (
            "This database cannot lower-case Cyrillic letters, so searches would miss customers. "
            "Create it with a UTF-8 locale, for example: CREATE DATABASE dialogue TEMPLATE template0 LOCALE 'C.UTF-8'."
        )
        raise DatabaseRefusal(message)
