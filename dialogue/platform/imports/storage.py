"""Where uploaded files wait: by company and content, readable by the installation only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from dialogue.kit.scope import current_tenant
from dialogue.platform.imports.reading.opening import MEGABYTE, refuse_large


def folder() -> Path:
    """Return the open company's folder of imported files."""
    place = Path(settings.DATA) / "files" / "imports" / str(current_tenant())
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def keep_file(blocks: Iterable[bytes], name: str) -> tuple[str, str, int]:
    """Keep a file under its fingerprint; return (stored name, SHA-256, bytes).

    Raises:
        FileRefused: it grows above IMPORT_MAX_MB, or is empty; nothing is kept.
    """
    place = folder()
    waiting = place / f".{secrets.token_hex(8)}"
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
        refuse_large(size)
        ending = Path(name).suffix.lower()[:9]
        stored = digest.hexdigest() + (ending if ending[1:].isalnum() else "")
        waiting.replace(place / stored)
    finally:
        waiting.unlink(missing_ok=True)
    return stored, digest.hexdigest(), size


def file_of(stored: str) -> Path:
    """Return the kept file."""
    return folder() / Path(stored).name


def blocks_of(path: Path) -> Iterable[bytes]:
    """Yield a file's content in blocks."""
    with path.open("rb") as stream:
        while block := stream.read(MEGABYTE):
            yield block
