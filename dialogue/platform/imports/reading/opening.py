"""Open a file as a table, whatever it is."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings

from dialogue.platform.imports.reading.cells import Table
from dialogue.platform.imports.reading.columnar import ColumnTable
from dialogue.platform.imports.reading.reasons import FileRefused, because
from dialogue.platform.imports.reading.text import TextTable
from dialogue.platform.imports.reading.workbook import WorkbookTable

MEGABYTE = 1 << 20
TEXT_ENDINGS = {".csv", ".txt", ".tsv", ".tab", ""}


def refuse_large(size: int) -> None:
    """Refuse a file above IMPORT_MAX_MB or an empty one.

    Raises:
        FileRefused: names its size and the limit.
    """
    if size > settings.IMPORT_MAX_MB * MEGABYTE:
        raise FileRefused(because("file-too-large", size=-(-size // MEGABYTE), limit=settings.IMPORT_MAX_MB))
    if size == 0:
        raise FileRefused(because("file-empty"))


def fingerprint_of(path: Path) -> str:
    """Return the SHA-256 of the file's content."""
    digest = sha256()
    with path.open("rb") as stream:
        while block := stream.read(MEGABYTE):
            digest.update(block)
    return digest.hexdigest()


def open_table(path: Path, *, name: str = "", language: str = "", reading: dict[str, Any] | None = None) -> Table:
    """Return the table in the file; `reading` may name encoding, delimiter or sheet.

    Raises:
        FileRefused: too large, empty, damaged, of another kind, too wide.
    """
    if not path.is_file():
        raise FileRefused(because("file-gone"))
    refuse_large(path.stat().st_size)
    chosen = reading or {}
    ending = Path(name or path.name).suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(8)
        stream.seek(max(0, path.stat().st_size - 4))
        tail = stream.read(4)
    if head.startswith(b"PAR1") and tail == b"PAR1":
        return ColumnTable(path)
    if head.startswith(b"PK\x03\x04"):
        return WorkbookTable(path, sheet=str(chosen.get("sheet", "")))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        # An old workbook, or a new one with a password: both are kept in this container.
        raise FileRefused(because("file-locked" if ending in {".xlsx", ".xlsm"} else "file-old-excel"))
    if ending in {".parquet", ".xlsx", ".xlsm"}:
        raise FileRefused(because("file-damaged"))
    if ending not in TEXT_ENDINGS or head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b")):
        raise FileRefused(because("file-kind", name=name or path.name))
    return TextTable(
        path, encoding=str(chosen.get("encoding", "")), delimiter=str(chosen.get("delimiter", "")), language=language
    )
