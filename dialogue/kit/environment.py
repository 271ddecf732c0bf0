"""Typed readers of environment variables: a wrong value is refused at start, by name and with the remedy."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


class EnvironmentRefusal(RuntimeError):
    """An environment variable has a value that cannot be used."""


def text(name: str, default: str = "") -> str:
    """Return the variable's text."""
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool = False) -> bool:
    """Return the variable as yes or no.

    Raises:
        EnvironmentRefusal: neither.
    """
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    message = f"{name} must be yes or no, not {value!r}."
    raise EnvironmentRefusal(message)


def number(name: str, default: int) -> int:
    """Return the variable as a whole number.

    Raises:
        EnvironmentRefusal: not a whole number.
    """
    value = text(name)
    if not value:
        return default
    if not value.isdecimal():
        message = f"{name} must be a whole number, not {value!r}."
        raise EnvironmentRefusal(message)
    return int(value)


def data_folder() -> Path:
    """Return the folder that holds database, files and secrets (DIALOGUE_DATA)."""
    named = text("DIALOGUE_DATA")
    if named:
        return Path(named).expanduser().absolute()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").exists():
        return checkout / ".dialogue"
    return Path.home() / ".local" / "share" / "dialogue"


def application_role(database: str) -> str:
    """Return the name of the fenced role: of its database, since a server's roles are shared by all its databases."""
    return f"{database}_app"[:63]


def database(url: str) -> dict[str, object]:
    """Return Django's settings for a `postgres://user:password@host:port/name?option=value` address.

    Raises:
        EnvironmentRefusal: another scheme, or no database name.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        message = "DATABASE_URL must look like postgres://user:password@host:5432/name."
        raise EnvironmentRefusal(message)
    name = parts.path.lstrip("/")
    if not name:
        message = "DATABASE_URL names no database: add /name at its end."
        raise EnvironmentRefusal(message)
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(name),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
