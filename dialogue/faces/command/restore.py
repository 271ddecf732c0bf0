"""`dialogue restore FILE`: bring a backup back. All or nothing; sending stays locked until a person unlocks it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

# Sending is locked; files copied to the warehouse are of another life. A backup may be older than the warehouse.
LOCK = """UPDATE public.tenants_tenant SET sending_locked = true;
DO $$ BEGIN IF to_regclass('public.warehouse_life') IS NOT NULL THEN DELETE FROM public.warehouse_life; END IF; END $$;"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--yes", action="store_true", help="replace what is here (it is backed up first)")


def run(options: argparse.Namespace) -> int:
    """Restore."""
    from dialogue.faces.command.main import start_django, tell
    from dialogue.kit.environment import data_folder
    from dialogue.kit.folder import hold

    hold(data_folder(), "dialogue restore")
    start_django()
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    from dialogue.faces.command import archive, database
    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.platform.warehouse.store import forget_all

    with archive.opened(Path(options.file)) as (tar, manifest):
        loader = MigrationLoader(None)
        database.refuse_unknown(loader, [(app, name) for app, name in manifest["migrations"]])
        database.prepare()
        keep_what_is_here(yes=options.yes)
        with tempfile.TemporaryDirectory(dir=data_folder()) as folder:
            archive.read(tar, archive.DUMP, Path(folder) / archive.DUMP)
            archive.load_dump(Path(folder) / archive.DUMP, after=LOCK)
        put_back(tar)
        forget_all()
    # The structure is another one now: what this process knew of it is stale.
    for connection in connections.all():
        connection.close()
    (data_folder() / "migrated").unlink(missing_ok=True)
    bring_up_to_date()
    with connections["owner"].cursor() as cursor:
        # A dump holds no statistics: until autovacuum came, every list would be planned for empty tables.
        cursor.execute("ANALYZE")
    locked = companies()
    tell(
        options,
        {"restored": str(options.file), "made_at": manifest["made_at"], "companies": locked, "sending": "locked"},
        f"Restored {locked} companies as of {manifest['made_at'][:19]} UTC. Sending is locked: when the original no longer "
        "sends, run `dialogue sending unlock` or press the button in the office.",
    )
    return 0


def companies() -> int:
    """Return how many companies the database holds, 0 when it is new."""
    from django.db import connections

    from dialogue.faces.command import database

    owner = connections["owner"]
    if not database.holds_data(owner):
        return 0
    with owner.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_tenant")
        return int(cursor.fetchone()[0])


def keep_what_is_here(*, yes: bool) -> None:
    """Back up the companies that the restore will replace.

    Raises:
        EnvironmentRefusal: there are some and it was not agreed to, or somebody works with them now.
    """
    from dialogue.faces.command import archive
    from dialogue.kit.environment import EnvironmentRefusal

    refuse_in_use()
    here = companies()
    if not here:
        return
    if not yes:
        message = f"This installation holds {here} companies. Name an empty one with --data, or replace them with --yes."
        raise EnvironmentRefusal(message)
    made = archive.make_backup(archive.backups_folder() / f"before-restore-{archive.stamp()}.tar")
    print(f"what was here: {made}", file=sys.stderr, flush=True)


def refuse_in_use() -> None:
    """Refuse while web or worker processes are connected.

    Raises:
        EnvironmentRefusal: says how many.
    """
    from django.conf import settings
    from django.db import connections

    from dialogue.kit.environment import EnvironmentRefusal

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = %s",
            [settings.DATABASES["default"]["USER"]],
        )
        others = cursor.fetchone()[0]
    if others:
        message = f"{others} connections of the office or its workers are open. Stop them first, then restore."
        raise EnvironmentRefusal(message)


def put_back(tar: tarfile.TarFile) -> None:
    """Put keys and files in their places; the database's own password stays this installation's."""
    from django.conf import settings

    from dialogue.faces.command import archive

    data = Path(settings.DATA)
    fresh = data / ".secrets-restored"
    archive.read(tar, archive.SECRETS, fresh)
    kept: dict[str, Any] = json.loads((data / archive.SECRETS).read_text())
    secrets = json.loads(fresh.read_text()) | {"application_password": kept["application_password"]}
    fresh.write_text(json.dumps(secrets))
    os.replace(fresh, data / archive.SECRETS)  # noqa: PTH105
    files, making, old = Path(settings.MEDIA_ROOT), data / "files.restored", data / "files.replaced"
    for leftover in (making, old):
        shutil.rmtree(leftover, ignore_errors=True)
    archive.read_files(tar, making)
    if files.exists():
        files.rename(old)
    making.rename(files)
    shutil.rmtree(old, ignore_errors=True)
