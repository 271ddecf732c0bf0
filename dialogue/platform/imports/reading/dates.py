"""Dates and moments as people write them, and the order of day and month that a column shows by itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from dialogue.platform.imports.reading.reasons import Reason, because, is_missing

ISO = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$")
COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
PARTS = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:\s*г\.?)?$")
NAMED = re.compile(r"^(\d{1,2})[\s.-]+([^\W\d_]+)\.?,?[\s.-]+(\d{4})(?:\s*(?:г|р)\.?)?$")
CLOCK = re.compile(
    r"^(.*?)[T\s,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?\s*(am|pm)?\s*(Z|[+-]\d{2}:?\d{2})?$", re.IGNORECASE
)
MONTHS: dict[str, int] = {}
for _month, _words in enumerate(
    (
        "янв січ ian jan", "фев лют feb", "мар бер mar", "апр кві apr", "мая май тра mai may", "июн чер iun jun",
        "июл лип iul jul", "авг сер aug", "сен вер sep", "окт жов oct", "ноя лис noi nov", "дек гру dec",
    ),
    1,
):  # fmt: skip
    for _word in _words.split():
        MONTHS[_word] = _month
DMY, MDY = "dmy", "mdy"
ORDER_WORDS = {DMY: "31.12.2016", MDY: "12/31/2016"}


def order_of(text: str) -> str:
    """Return the order this text proves: `dmy`, `mdy`, or "" where both fit or neither matters."""
    match = PARTS.match(_day_part(text)[0])
    if match is None:
        return ""
    first, second = int(match[1]), int(match[3])
    if first > 12 >= second >= 1:
        return DMY
    if second > 12 >= first >= 1:
        return MDY
    return DMY if match[2] == "." and first <= 12 and second <= 12 else ""


def proof_of(text: str) -> str:
    """Return the order that the text proves for others of its column; dates with dots always have the day first."""
    match = PARTS.match(_day_part(text)[0])
    return order_of(text) if match and match[2] != "." else ""


def _day_part(text: str) -> tuple[str, re.Match[str] | None]:
    text = text.strip()
    clock = CLOCK.match(text)
    return (clock[1].strip(), clock) if clock else (text, None)


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 2:
        return 2000 + year if year < 70 else 1900 + year
    return year


def read_day(text: str, order: str, *, mixed: bool = False) -> date | tuple[str, str] | None:
    """Return the day in the text; the two days it may be while `order` is unknown or mixed; None where it is none."""
    text = text.strip()
    try:
        iso = ISO.match(text) or COMPACT.match(text)
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        named = NAMED.match(text)
        if named:
            month = MONTHS.get(named[2].lower()[:3])
            return date(int(named[3]), month, int(named[1])) if month else None
        parts = PARTS.match(text)
        if parts is None:
            return None
        first, second, year = int(parts[1]), int(parts[3]), _year(parts[4])
        proved = order_of(text)
        if not proved and (mixed or not order) and first != second:
            return date(year, second, first).isoformat(), date(year, first, second).isoformat()
        chosen = order or proved or DMY
        if parts[2] == "." and proved == DMY:
            chosen = DMY
        return date(year, second, first) if chosen == DMY else date(year, first, second)
    except ValueError:
        return None


def clean_day(cell: Any, *, column: str, order: str = "", proof: int = 0, mixed: bool = False) -> date | Reason | None:
    """Return the day of a cell, None for an empty one, or the reason why it is none.

    `order` is what the column uses, proved by row `proof` (0: somebody chose it).
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if not isinstance(cell, str):
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    else:
        text = cell.strip()
    if not text:
        return None
    read = read_day(_day_part(text)[0], order, mixed=mixed)
    return _judge(read, text, column=column, order=order, proof=proof)


def _judge(read: date | tuple[str, str] | None, text: str, *, column: str, order: str, proof: int) -> date | Reason:
    if isinstance(read, tuple):
        return because("date-unsure", column=column, value=text, one=read[0], other=read[1])
    if read is None:
        if order and order_of(text) not in {"", order}:
            return because("date-order", column=column, value=text, order=ORDER_WORDS[order], row=proof or 1)
        return because("date-missing" if is_missing(text) else "date-none", column=column, value=text)
    if not 1000 <= read.year <= 2999:
        return because("date-none", column=column, value=text)
    return read


def clean_moment(
    cell: Any, *, column: str, order: str = "", proof: int = 0, mixed: bool = False, zone: tzinfo = UTC
) -> datetime | Reason | None:
    """Return the moment of a cell in UTC (a bare day is its midnight in `zone`), None, or the reason why it is none."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, datetime):
        moment = cell if cell.tzinfo else cell.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), zone).astimezone(UTC)
    text = str(cell).strip()
    if not text:
        return None
    day_text, clock = _day_part(text)
    day = _judge(read_day(day_text, order, mixed=mixed), text, column=column, order=order, proof=proof)
    if not isinstance(day, date):
        return day
    if clock is None:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    hour = int(clock[2])
    if clock[6]:
        hour = hour % 12 + (12 if clock[6].lower() == "pm" else 0)
    try:
        at = time(hour, int(clock[3]), int(clock[4] or 0), int((clock[5] or "").ljust(6, "0") or 0))
    except ValueError:
        return because("date-none", column=column, value=text)
    offset = clock[7]
    if offset:
        return datetime.fromisoformat(
            f"{day.isoformat()}T{at.isoformat()}{'+00:00' if offset.upper() == 'Z' else offset}"
        ).astimezone(UTC)
    return datetime.combine(day, at, zone).astimezone(UTC)
