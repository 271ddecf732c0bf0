"""`dialogue backup [FILE]`: database, files and keys in one file, while work goes on."""

from __future__ import annotations

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("file", metavar="FILE", nargs="?", default="", help="a new .tar; else one in the data folder's backups")


def run(options: argparse.Namespace) -> int:
    """Back up and say where."""
    from dialogue.faces.command.main import start_django, tell

    start_django()
    from dialogue.faces.command import archive, database

    database.prepare()
    target = Path(options.file).absolute() if options.file else archive.backups_folder() / f"dialogue-{archive.stamp()}.tar"
    made = archive.make_backup(target)
    size = made.stat().st_size
    tell(options, {"backup": str(made), "bytes": size}, f"{made} ({size / 1e6:.1f} MB). It holds the keys: keep it safe.")
    return 0
