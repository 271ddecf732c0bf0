"""Text tables: any delimiter, any encoding, and broken quotes that cost the broken row only."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from dialogue.platform.imports.reading.cells import MAX_COLUMNS, MAX_ROW_CHARACTERS, Row, is_blank, name_columns
from dialogue.platform.imports.reading.encodings import (
    CEDILLA_PAGES,
    COMMA_BELOW,
    NAMES,
    Encoding,
    find_encoding,
    named_encoding,
)
from dialogue.platform.imports.reading.reasons import FileRefused, Reason, because

DELIMITERS = (";", ",", "\t", "|")
LINES_AT_ONCE = 1000
SAMPLE_LINES = 60
# A quoted value of a real table rarely has more lines than this; beyond it the quote was never closed.
MAX_LINES_IN_ROW = 500
LOST = "\ufffd"
BROKEN = re.compile("[\ufffd\udc80-\udcff]")


class TextTable:
    """A CSV file, read as often as needed."""

    def __init__(self, path: Path, *, encoding: str = "", delimiter: str = "", language: str = "") -> None:
        self.path = path
        found = find_encoding(path, language)
        if encoding and named_encoding(encoding) != found.codec:
            found = Encoding(named_encoding(encoding))
        self.encoding = found
        self.skip_lines = 0
        lines = self._sample()
        self.delimiter = delimiter or self._find_delimiter(lines)
        header = self._header()
        if len(header) > MAX_COLUMNS:
            raise FileRefused(because("file-columns", count=len(header), limit=MAX_COLUMNS))
        if is_blank(header):
            raise FileRefused(because("file-no-header"))
        while header and not str(header[-1]).strip():
            header.pop()
        self.headers = name_columns(header)
        self.facts: dict[str, Any] = {
            "format": "csv",
            "encoding": found.codec,
            "encoding_name": found.name,
            "delimiter": self.delimiter,
            "sure": found.sure,
        }

    def _lines(self) -> Iterator[str]:
        wide = self.encoding.codec.startswith("utf-16") or self.encoding.codec.startswith("utf-32")
        with self.path.open("rb") as raw:
            raw.seek(self.encoding.mark)
            text = io.TextIOWrapper(
                raw, encoding=self.encoding.codec, errors="replace" if wide else "surrogateescape", newline=""
            )
            cedilla = self.encoding.codec in CEDILLA_PAGES
            for number, line in enumerate(_bounded(text)):
                if number >= self.skip_lines:
                    yield line.translate(COMMA_BELOW) if cedilla else line

    def _sample(self) -> list[str]:
        lines: list[str] = []
        for line in self._lines():
            lines.append(line)
            if len(lines) >= SAMPLE_LINES:
                break
        return lines

    def _find_delimiter(self, lines: list[str]) -> str:
        first = lines[0].strip().lower() if lines else ""
        if first.startswith("sep=") and len(first) == 5:
            self.skip_lines = 1
            return first[4]
        return find_delimiter(lines)

    def _header(self) -> list[str]:
        if not self.skip_lines:
            first = next(iter(self._lines()), "")
            if first.strip().lower().startswith("sep=") and len(first.strip()) <= 5:
                self.skip_lines = 1
        for row in self._records():
            if row.refused:
                raise FileRefused(row.refused)
            return [str(cell) for cell in row.cells]
        raise FileRefused(because("file-empty"))

    def _records(self) -> Iterator[Row]:
        yield from Records(self._lines(), self.delimiter, self.encoding.codec)

    def rows(self) -> Iterator[Row]:
        """Yield the rows under the header; blank ones are left out."""
        width = len(self.headers)
        records = self._records()
        next(records, None)
        for row in records:
            cells = row.cells
            if row.refused is None:
                if len(cells) == width and cells[0] and not cells[0].isspace():
                    yield row
                    continue
                if is_blank(row.cells):
                    continue
                extra = row.cells[width:]
                if extra and not is_blank(extra):
                    row.refused = because("row-wide", count=len(row.cells), columns=width)
                row.cells = row.cells[:width] + [""] * (width - len(row.cells))
            yield row


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield lines, cutting one that never ends so that memory stays bounded."""
    while line := text.readline(MAX_ROW_CHARACTERS + 1):
        if len(line) > MAX_ROW_CHARACTERS and not line.endswith(("\n", "\r")):
            while (rest := text.readline(MAX_ROW_CHARACTERS)) and not rest.endswith(("\n", "\r")):
                pass
        yield line


class Records:
    """Reads records from lines. A record with broken quotes is refused alone: reading goes on at the line after its first."""

    def __init__(self, lines: Iterator[str], delimiter: str, codec: str) -> None:
        self._source = lines
        self._delimiter = delimiter
        self._codec = codec
        self._again: deque[str] = deque()
        self._taken: list[str] = []

    def _feed(self) -> Iterator[str]:
        while True:
            if self._again:
                line = self._again.popleft()
            else:
                try:
                    line = next(self._source)
                except StopIteration:
                    return
            self._taken.append(line)
            if len(self._taken) > MAX_LINES_IN_ROW or sum(map(len, self._taken[-1:])) > MAX_ROW_CHARACTERS:
                # Ending the input makes the reader report the open quote.
                return
            yield line

    def __iter__(self) -> Iterator[Row]:
        csv.field_size_limit(MAX_ROW_CHARACTERS)
        number = 0
        while block := list(islice(self._source, LINES_AT_ONCE)):
            plain = self._plain(block)
            if plain is None:
                self._again.extend(block)
                for row in self._careful(number):
                    number = row.number
                    yield row
                continue
            for cells in plain:
                number += 1
                yield Row(number, cells)

    def _plain(self, block: list[str]) -> list[list[str]] | None:
        """Return the lines as cells where none can be broken: no quotes, nothing lost in decoding, of a bearable length."""
        text = "".join(block)
        if '"' in text or "\0" in text or max(map(len, block)) > MAX_ROW_CHARACTERS:
            return None
        if not text.isascii() and BROKEN.search(text):
            return None
        try:
            return list(csv.reader(block, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None

    def _careful(self, number: int) -> Iterator[Row]:
        """Yield the records of the waiting lines, each with what is wrong with it."""
        reader = self._reader()
        while self._again:
            self._taken = []
            refused: Reason | None = None
            cells: list[Any] = []
            try:
                cells = next(reader)
            except StopIteration:
                if not self._taken:
                    return
                refused = because("row-long", limit=MAX_ROW_CHARACTERS)
                reader = self._restart()
            except csv.Error as error:
                refused = because("row-long" if "limit" in str(error) else "row-quotes", limit=MAX_ROW_CHARACTERS)
                reader = self._restart()
            else:
                if len(self._taken) > MAX_LINES_IN_ROW:
                    refused = because("row-quotes")
                    reader = self._restart()
                else:
                    refused = self._unreadable(cells)
            number += 1
            if refused:
                shown = [line.rstrip("\r\n").encode("utf-8", "replace").decode() for line in self._taken[:1]]
                cells = cells or [text[:2000] for text in shown]
                cells = [cell.encode("utf-8", "replace").decode().replace("\0", " ") for cell in cells]
            yield Row(number, cells, refused)

    def _reader(self) -> Any:
        return csv.reader(self._feed(), delimiter=self._delimiter, strict=True)

    def _restart(self) -> Any:
        """Read again from the second line of the broken record."""
        self._again.extendleft(reversed(self._taken[1:]))
        return self._reader()

    def _unreadable(self, cells: list[str]) -> Reason | None:
        whole = "".join(cells)
        if whole.isascii() and "\0" not in whole:
            return None
        for cell in cells:
            if not cell.isascii() and (LOST in cell or any("\udc80" <= sign <= "\udcff" for sign in cell)):
                return because("row-encoding", encoding=NAMES.get(self._codec, self._codec))
            if "\0" in cell:
                return because("row-nul")
        return None


def find_delimiter(lines: list[str]) -> str:
    """Return the delimiter under which the lines have the same number of values; a comma for one column."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths: list[int] = []
        reader = csv.reader(iter(lines), delimiter=delimiter)
        try:
            widths = [len(cells) for cells in reader if cells]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        same = Counter(widths)[widths[0]] / len(widths)
        if (round(same, 1), widths[0]) > best_score:
            best, best_score = delimiter, (round(same, 1), widths[0])
    return best
