"""The data folder: whether this user may keep an installation in it, in words when not."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path

from dialogue.kit.environment import EnvironmentRefusal

# An empty database takes 40 MB and may write twice that before its first checkpoint.
ROOM_FOR_A_DATABASE = 160 * 1024 * 1024


def words_of(folder: Path, error: OSError) -> str:
    """Return what an error over the folder means and what to do."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk that holds {folder} is full. Free some space, or name another folder with --data."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"No permission to write to {folder}. Give this user the right, or name another folder with --data."
    return f"The data folder {folder} cannot be used: {error.strerror}. Name another folder with --data."


def refuse_unusable(folder: Path) -> None:
    """Make the folder if it is missing and refuse one that cannot serve.

    Raises:
        EnvironmentRefusal: it belongs to another user, may not be written, or its disk is full.
    """
    try:
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            message = (
                f"The data folder {folder} belongs to another user (id {folder.stat().st_uid}). "
                "Run Dialogue as that user, or name another folder with --data."
            )
            raise EnvironmentRefusal(message)
        # Root's server account passes through this folder to its own one below.
        folder.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        probe = folder / f".probe-{os.getpid()}"
        try:
            probe.write_bytes(b"\0" * 65536)
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentRefusal(words_of(folder, error)) from error


def refuse_full(folder: Path) -> None:
    """Refuse a disk without room for a new database.

    Raises:
        EnvironmentRefusal: names how much is free and how much is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < ROOM_FOR_A_DATABASE:
        message = (
            f"The disk that holds {folder} is full: {free // 2**20} MB are free and a new database needs "
            f"{ROOM_FOR_A_DATABASE // 2**20} MB. Free some space, or name another folder with --data."
        )
        raise EnvironmentRefusal(message)


def hold(folder: Path, what: str) -> int:
    """Hold the folder for one supervisor or one restore; return the descriptor that must stay open.

    Raises:
        EnvironmentRefusal: another process holds it.
    """
    file = folder / "run.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = file.read_text().strip() or "another process"
        os.close(descriptor)
        message = f"Dialogue already uses {folder} ({holder}). Stop it first, or name another folder with --data."
        raise EnvironmentRefusal(message) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{what}, process {os.getpid()}".encode(), 0)
    return descriptor
