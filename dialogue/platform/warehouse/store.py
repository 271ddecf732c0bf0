"""The files of a company's warehouse and the manifest that says which of them count; it is switched atomically.

A reader holds the lock of the manifest's number; a writer deletes files only when nobody holds an older number.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, field
from datetime import datetime
from pathlib import Path

from django.conf import settings

from dialogue.kit.frozen import record
from dialogue.platform.warehouse.errors import NotInWarehouse
from dialogue.platform.warehouse.marts import shape

MANIFEST, MAKING, HELD, SPILL = "manifest.json", "making.json", "held-", "spill"
# How a whole Parquet file ends.
ENDING = b"PAR1"
MOST_TRIES = 50


@record
class Piece:
    """A mart or a roll-up: its base, what replaced or joined it since (`delta`), and the keys in the base that no longer count.

    `mark` is the version from which the next refresh reads; `latest` the newest moment in it; `single` says that each key
    stands in one row.
    """

    base: str
    rows: int = 0
    delta: str = ""
    delta_rows: int = 0
    dead: str = ""
    dead_rows: int = 0
    mark: str = "0"
    latest: str = ""
    single: bool = False

    @property
    def files(self) -> list[str]:
        """The files it stands on."""
        return [name for name in (self.base, self.delta, self.dead) if name]


@record
class Manifest:
    """What a company's warehouse consists of and as of when."""

    number: int
    shape: str
    epoch: str
    zone: str
    as_of: str
    marts: dict[str, Piece] = field(default_factory=dict)
    rollups: dict[str, Piece] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """The moment of its data, aware."""
        return datetime.fromisoformat(self.as_of)

    @property
    def files(self) -> set[str]:
        """Every file it names."""
        return {name for piece in (*self.marts.values(), *self.rollups.values()) for name in piece.files}


def fresh_number() -> int:
    """Return a number for a manifest, larger than those before."""
    return time.time_ns()


def root() -> Path:
    """Return the folder of all companies."""
    return Path(settings.WAREHOUSE_ROOT)


def folder_of(tenant: int) -> Path:
    """Return the folder of one company's files."""
    return root() / str(tenant)


def make_folder(tenant: int) -> Path:
    """Make the company's folder if it is missing; return it."""
    folder = folder_of(tenant)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def fresh_file(name: str, kind: str) -> str:
    """Return a file name that was never used."""
    return f"{name}-{kind}-{secrets.token_hex(6)}.parquet"


def companies() -> list[int]:
    """Return the companies that have a folder."""
    if not root().is_dir():
        return []
    return sorted(int(one.name) for one in root().iterdir() if one.name.isdecimal())


def _read(path: Path) -> Manifest | None:
    try:
        held = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    if held.get("shape") != shape():
        return None
    for part in ("marts", "rollups"):
        held[part] = {name: Piece(**piece) for name, piece in held[part].items()}
    return Manifest(**held)


def manifest_of(tenant: int) -> Manifest | None:
    """Return the company's manifest; None where there is none or it is of another shape."""
    return _read(folder_of(tenant) / MANIFEST)


def making_of(tenant: int) -> Manifest | None:
    """Return what an unfinished copy has finished."""
    return _read(folder_of(tenant) / MAKING)


def _write(path: Path, manifest: Manifest) -> None:
    waiting = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    with waiting.open("w") as opened:
        json.dump(asdict(manifest), opened)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(waiting, path)  # noqa: PTH105


def keep_making(tenant: int, manifest: Manifest) -> None:
    """Keep how far a copy has come."""
    _write(folder_of(tenant) / MAKING, manifest)


def give_up_making(tenant: int) -> None:
    """Forget what an unfinished copy has finished; its files go at the next cleaning."""
    (folder_of(tenant) / MAKING).unlink(missing_ok=True)


def switch(tenant: int, manifest: Manifest) -> None:
    """Let the manifest count from now on, and delete what nobody reads any more."""
    folder = folder_of(tenant)
    (folder / f"{HELD}{manifest.number}").touch(mode=0o600)
    _write(folder / MANIFEST, manifest)
    clean(tenant)


def clean(tenant: int) -> int:
    """Delete the files that no manifest names, unless somebody still reads an older one; return how many."""
    folder = folder_of(tenant)
    manifest, making = manifest_of(tenant), making_of(tenant)
    wanted = (manifest.files if manifest else set()) | (making.files if making else set())
    for lock in folder.glob(f"{HELD}*"):
        if manifest is not None and lock.name == f"{HELD}{manifest.number}":
            continue
        with lock.open() as opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            lock.unlink(missing_ok=True)
    old = [file for file in folder.glob("*.parquet") if file.name not in wanted]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def tidy(tenant: int) -> None:
    """Delete what a killed writer left half-done: its spilled rows and unfinished manifests. Only for the one writer."""
    folder = folder_of(tenant)
    shutil.rmtree(folder / SPILL, ignore_errors=True)
    for waiting in folder.glob(".*.json-*"):
        waiting.unlink(missing_ok=True)


def is_whole(tenant: int, manifest: Manifest) -> bool:
    """Return whether every file the manifest names is there to its end: a machine that lost its power may have lost some."""
    return all(_is_whole(folder_of(tenant) / name) for name in manifest.files)


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as opened:
            opened.seek(-len(ENDING), os.SEEK_END)
            return opened.read() == ENDING
    except OSError:
        return False


def forget(tenant: int) -> None:
    """Delete a company's whole warehouse."""
    shutil.rmtree(folder_of(tenant), ignore_errors=True)


def forget_all() -> None:
    """Delete every warehouse: after a restore they belong to another life."""
    shutil.rmtree(root(), ignore_errors=True)


@contextmanager
def held(tenant: int) -> Iterator[Manifest]:
    """Hold the company's files for the block; their manifest is given.

    Raises:
        NotInWarehouse: the company has no warehouse.
    """
    folder = folder_of(tenant)
    for _try in range(MOST_TRIES):
        manifest = manifest_of(tenant)
        if manifest is None:
            break
        try:
            opened = (folder / f"{HELD}{manifest.number}").open()
        except FileNotFoundError:
            continue
        with opened:
            fcntl.flock(opened, fcntl.LOCK_SH)
            # The writer may have switched, and cleaned, between the two.
            current = manifest_of(tenant)
            if current is not None and current.number == manifest.number:
                yield current
                return
    message = "this company has no warehouse"
    raise NotInWarehouse(message)
