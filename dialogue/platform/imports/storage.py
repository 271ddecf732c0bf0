"""Where uploaded files wait: in the installation's store, by company and content; read from a local copy."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from dialogue.kit.scope import current_tenant
from dialogue.platform.files.stores import FolderStore, store
from dialogue.platform.imports.reading.opening import MEGABYTE, refuse_large


def place_of(stored: str) -> str:
    """Return the place of a file of the open company in the store."""
    return f"imports/{current_tenant()}/{Path(stored).name}"


def local_of(place: str) -> Path:
    """Return where the file lies on this machine: in the store's own folder, or as a copy of what a bucket holds."""
    keeper = store()
    root = keeper.root if isinstance(keeper, FolderStore) else Path(settings.DATA) / "copies"
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def keep_file(blocks: Iterable[bytes], name: str) -> tuple[str, str, int]:
    """Keep a file under its fingerprint; return (stored name, SHA-256, bytes).

    Raises:
        FileRefused: it grows above IMPORT_MAX_MB, or is empty; nothing is kept.
    """
    waiting = local_of(place_of(f".{secrets.token_hex(8)}"))
    digest = sha256()
    size = 0
    try:
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            for block in blocks:
                size += len(block)
                if size > settings.IMPORT_MAX_MB * MEGABYTE:
                    refuse_large(size)
                digest.update(block)
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        refuse_large(size)
        ending = Path(name).suffix.lower()[:9]
        stored = digest.hexdigest() + (ending if ending[1:].isalnum() else "")
        keeper = store()
        if not isinstance(keeper, FolderStore):
            with waiting.open("rb") as content:
                keeper.put(place_of(stored), content, size)
        waiting.replace(local_of(place_of(stored)))
    finally:
        waiting.unlink(missing_ok=True)
    return stored, digest.hexdigest(), size


def file_of(stored: str) -> Path:
    """Return the kept file on this machine, fetched from the store where another machine kept it."""
    place = place_of(stored)
    path = local_of(place)
    keeper = store()
    if not path.exists() and not isinstance(keeper, FolderStore):
        fresh = path.with_name(f".{secrets.token_hex(8)}")
        with keeper.open(place) as content, fresh.open("wb") as stream:
            shutil.copyfileobj(content, stream)
        fresh.replace(path)
    return path


def forget_file(stored: str) -> None:
    """Remove the kept file everywhere."""
    place = place_of(stored)
    store().delete(place)
    local_of(place).unlink(missing_ok=True)


def blocks_of(path: Path) -> Iterable[bytes]:
    """Yield a file's content in blocks."""
    with path.open("rb") as stream:
        while block := stream.read(MEGABYTE):
            yield block
