"""`dialogue migrate`: roles, structure and rights of the database, brought to this version."""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""


@cache
def fingerprint() -> str:
    """Return a hash of every migration of ours, of roles, rights and marks, and of the versions of installed packages."""
    package = Path(__file__).resolve().parents[2]
    digest = sha256()
    for file in [*sorted(package.rglob("migrations/*.py")), package / "platform/embedded/bootstrap.py"]:
        digest.update(file.name.encode() + file.read_bytes())
    digest.update(json.dumps(sorted((d.metadata["Name"], d.version) for d in distributions())).encode())
    return digest.hexdigest()


def mark_of(database: str, host: str) -> str:
    """Return what the marker of an up-to-date database holds."""
    return fingerprint() + database + host


def is_marked(folder: Path) -> bool:
    """Return whether the embedded database was brought to this very version before, without loading Django."""
    try:
        return (folder / "migrated").read_text() == mark_of("dialogue", "")
    except OSError:
        return False


def bring_up_to_date(*, quiet: bool = True) -> bool:
    """Prepare the database and apply pending migrations as the owner; return whether any were pending.

    A file in the data folder remembers the last fingerprint, so that an unchanged start costs one comparison.
    """
    from django.conf import settings
    from django.db import connections

    from dialogue.faces.command import database
    from dialogue.platform.embedded.migrating import migrate, pending

    database.prepare()
    marker = settings.DATA / "migrated"
    now = mark_of(str(settings.DATABASES["owner"].get("NAME")), str(settings.DATABASES["owner"].get("HOST", "")))
    if not settings.DATABASE_URL and is_marked(settings.DATA):
        return False
    owner = connections["owner"]
    plan = pending(owner)
    database.refuse_newer(owner)
    if plan:
        if database.holds_data(owner):
            database.back_up_before_upgrade()
        migrate(owner, plan, None if quiet else _say)
    database.settle(owner)
    owner.close()
    marker.write_text(now)
    return bool(plan)


def _say(name: str) -> None:
    print(name, file=sys.stderr)


def run(options: argparse.Namespace) -> int:
    """Migrate and say what happened."""
    from dialogue.faces.command.main import start_django, tell

    start_django()
    changed = bring_up_to_date(quiet=options.json)
    tell(options, {"migrated": changed}, "The database was brought to this version." if changed else "Nothing to do.")
    return 0
