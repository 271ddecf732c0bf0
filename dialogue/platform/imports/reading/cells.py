"""What a row of a table is before anybody gives its cells a meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Protocol

from dialogue.platform.imports.reading.reasons import Reason

Cell = str | int | float | Decimal | bool | date | datetime | time | timedelta | None

MAX_COLUMNS = 500
MAX_ROW_CHARACTERS = 1_000_000


@dataclass(slots=True)
class Row:
    """One row: its number as a spreadsheet counts (the header is 1), its cells, and why it cannot be used."""

    number: int
    cells: list[Any]
    refused: Reason | None = None
    notes: list[Reason] = field(default_factory=list)


class Table(Protocol):
    """A table that can be read from its beginning as often as needed, always alike."""

    headers: list[str]
    # How it was read (encoding, delimiter, sheet …): kept, so that a resumed job reads the very same rows.
    facts: dict[str, Any]

    def rows(self) -> Iterator[Row]:
        """Yield the rows under the header; blank ones are left out."""
        ...


def text_of(cell: Cell) -> str:
    """Return a cell as text: a float that is a whole number loses its ".0", dates become ISO, space around goes."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        if not isfinite(cell):
            return ""
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        if cell.hour == cell.minute == cell.second == cell.microsecond == 0 and cell.tzinfo is None:
            return cell.date().isoformat()
        return cell.isoformat(sep=" ")
    return str(cell)


def is_blank(cells: list[Any]) -> bool:
    """Return whether no cell says anything."""
    for cell in cells:
        if cell is None or cell == "" or (isinstance(cell, str) and not cell.strip()):
            continue
        return False
    return True


def name_columns(cells: list[Any]) -> list[str]:
    """Return the headers as unique names: an empty one is named by its letter, a repeated one gets its number."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for index, cell in enumerate(cells):
        name = " ".join(text_of(cell).replace("\N{NO-BREAK SPACE}", " ").split())[:120] or letter_of(index)
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def letter_of(index: int) -> str:
    """Return a column's letter as a spreadsheet names it: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def index_of(letters: str) -> int:
    """Return a column's place from its letters: A is 0, AA is 26."""
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value - 1
