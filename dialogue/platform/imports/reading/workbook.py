"""Workbooks (XLSX): bounded before they are unpacked; formulas without a saved result are refused by cell."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from dialogue.platform.imports.reading.cells import MAX_COLUMNS, Row, index_of, is_blank, letter_of, name_columns
from dialogue.platform.imports.reading.reasons import FileRefused, Reason, because

UNPACKED_MB = 1024
MAX_MEMBERS = 2000
BLOCK = 1 << 20
MOST_ROWS = 200_000
FORMULA = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(<v>[^<]+</v>|<v\s*/>|<v></v>)?', re.DOTALL
)
EMPTY_RESULTS = (None, b"<v/>", b"<v></v>", b"<v />")
ERROR = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*?t="e"[^>]*>(?:<f\b(?:[^>]*/>|[^>]*>[^<]*</f>))?\s*<v>([^<]*)</v>')
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def refuse_bomb(path: Path) -> zipfile.ZipFile:
    """Return the archive if unpacking it is safe.

    Raises:
        FileRefused: damaged, protected, too many parts, or too large unpacked.
    """
    try:
        archive = zipfile.ZipFile(path)
        members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise FileRefused(because("file-damaged")) from None
    if len(members) > MAX_MEMBERS:
        raise FileRefused(because("file-members", count=len(members), limit=MAX_MEMBERS))
    size = sum(member.file_size for member in members)
    if size > UNPACKED_MB << 20:
        raise FileRefused(because("file-bomb", size=size >> 20, limit=UNPACKED_MB))
    if any(member.flag_bits & 1 for member in members):
        raise FileRefused(because("file-locked"))
    return archive


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of each sheet by its name, in the order of the workbook."""
    try:
        book = ET.fromstring(_small(archive, "xl/workbook.xml"))  # noqa: S314 - small, and expat bounds what entities may grow to
        links = ET.fromstring(_small(archive, "xl/_rels/workbook.xml.rels"))  # noqa: S314 - the same
    except (KeyError, ET.ParseError, zipfile.BadZipFile, EOFError):
        raise FileRefused(because("file-damaged")) from None
    targets = {str(link.get("Id")): str(link.get("Target")) for link in links}
    parts = {}
    for sheet in book.iter(f"{MAIN}sheet"):
        target = targets.get(str(sheet.get(LINK)), "")
        if "worksheets" in target:
            parts[str(sheet.get("name"))] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return parts


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        content = stream.read((5 << 20) + 1)
    if len(content) > 5 << 20:
        raise FileRefused(because("file-bomb", size=len(content) >> 20, limit=5))
    return content


def unusable_cells(archive: zipfile.ZipFile, part: str) -> dict[int, dict[int, str]]:
    """Return, by row and column from 0, cells with an error and ("") formulas whose result was not saved.

    The part is read block by block: a library that gives values only shows both as empty.
    """
    found: dict[int, dict[int, str]] = {}
    tail = b""
    try:
        with archive.open(part) as stream:
            while block := stream.read(BLOCK):
                text = tail + block
                # Only whole cells are judged; the last one may go on in the next block.
                end = text.rfind(b"</c>") + 4
                if end == 3:
                    tail = text[-BLOCK:]
                    continue
                whole, tail = text[:end], text[end:]
                for pattern, mark in ((FORMULA, b"<f"), (ERROR, b't="e"')):
                    if mark in whole and len(found) < MOST_ROWS:
                        for match in pattern.finditer(whole):
                            if pattern is ERROR or match[3] in EMPTY_RESULTS:
                                value = match[3].decode() if pattern is ERROR else ""
                                found.setdefault(int(match[2]), {})[index_of(match[1].decode())] = value
    except (KeyError, zipfile.BadZipFile, EOFError, OSError):
        raise FileRefused(because("file-damaged")) from None
    return found


class WorkbookTable:
    """One sheet of a workbook."""

    def __init__(self, path: Path, *, sheet: str = "") -> None:
        self.path = path
        with refuse_bomb(path) as archive:
            parts = sheet_parts(archive)
            self.sheets = list(parts)
            if not parts:
                raise FileRefused(because("file-damaged"))
            if sheet and sheet not in parts:
                raise FileRefused(because("file-no-sheet", sheet=sheet, sheets=", ".join(parts)))
            self.sheet = sheet or self.sheets[0]
            self._unusable = unusable_cells(archive, parts[self.sheet])
        self._top = 0
        header = self._find_header()
        while header and (header[-1] is None or not str(header[-1]).strip()):
            header.pop()
        if len(header) > MAX_COLUMNS:
            raise FileRefused(because("file-columns", count=len(header), limit=MAX_COLUMNS))
        if is_blank(header):
            raise FileRefused(because("file-empty"))
        self.headers = name_columns(header)
        self.facts: dict[str, Any] = {"format": "xlsx", "sheet": self.sheet, "sheets": self.sheets}

    def _raw(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield (row number of the sheet, cells from column A)."""
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            sheet = CalamineWorkbook.from_path(str(self.path)).get_sheet_by_name(self.sheet)
        except (CalamineError, OSError, ValueError):
            raise FileRefused(because("file-damaged")) from None
        if sheet.start is None:
            return
        # Rows come from the sheet's first one on, cells from its first used column on.
        pad: list[Any] = [""] * sheet.start[1]
        for number, cells in enumerate(sheet.iter_rows(), 1):
            yield number, [*pad, *cells] if pad else cells

    def _find_header(self) -> list[Any]:
        for number, cells in self._raw():
            if not is_blank(cells):
                self._top = number
                return list(cells)
        raise FileRefused(because("file-empty"))

    def rows(self) -> Iterator[Row]:
        """Yield the rows under the header; blank ones are left out unless a formula stands there."""
        width = len(self.headers)
        last = self._top
        for number, cells in self._raw():
            if number <= self._top:
                continue
            last = number
            refused = self._refusal(number)
            if is_blank(cells) and refused is None:
                continue
            yield Row(number, [_cell(cell) for cell in cells[:width]] + [""] * (width - len(cells)), refused)
        for number in sorted(number for number in self._unusable if number > last):
            refused = self._refusal(number)
            if refused:
                yield Row(number, [""] * width, refused)

    def _refusal(self, number: int) -> Reason | None:
        for column, value in sorted(self._unusable.get(number, {}).items()):
            if column < len(self.headers):
                cell = f"{letter_of(column)}{number}"
                return because("cell-error", cell=cell, value=value) if value else because("cell-formula", cell=cell)
        return None


def _cell(cell: Any) -> Any:
    if isinstance(cell, str) and "\0" in cell:
        return cell.replace("\0", "")
    return cell
