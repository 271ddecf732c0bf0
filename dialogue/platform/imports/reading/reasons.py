"""Why a row, a cell or a file was refused or remarked upon: a code with facts, worded in the reader's language later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry

reason_words: Registry[str | Promise] = Registry("reasons of imports")

SHOWN = 80


@frozen
class Reason:
    """A code registered in `reason_words` and the facts its sentence names."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return say(self.code, self.facts)

    def plain(self) -> dict[str, Any]:
        """Return the reason as JSON keeps it."""
        return {"code": self.code, **self.facts}


def because(code: str, **facts: Any) -> Reason:
    """Return a reason; long texts among the facts are shortened to what a person can read."""
    return Reason(code, {name: shorten(value) for name, value in facts.items()})


def shorten(value: Any) -> Any:
    """Return a text cut to what fits a sentence; other values as they are."""
    if isinstance(value, str) and len(value) > SHOWN:
        return value[: SHOWN - 1] + "…"
    return value


def say(code: str, facts: Mapping[str, Any]) -> str:
    """Return the sentence of a reason in the reader's language."""
    words = reason_words.find(code)
    if words is None:
        return code
    try:
        return str(words) % facts
    except (KeyError, TypeError, ValueError):
        return str(words)


def reason_of(plain: Mapping[str, Any]) -> Reason:
    """Return the reason that `plain()` wrote."""
    return Reason(str(plain.get("code", "")), {name: value for name, value in plain.items() if name != "code"})


# What programs write for "no value". "NA" is also a country and a name, so nobody guesses: a person says it means empty.
MISSING = frozenset(
    {"na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "—", "–", "?", "нет", "нет данных", "н/д", "немає"}
)


def is_missing(text: str) -> bool:
    """Return whether the text is one of the words programs write for an empty value."""
    return text.strip().lower() in MISSING


class FileRefused(Exception):
    """The file as a whole cannot be read; `reason` says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


for _code, _words in {
    "file-gone": _("The file of this import is no longer kept. Upload it again."),
    "file-empty": _("The file is empty. Save the table again with its header row and at least one row under it."),
    "file-too-large": _("The file has %(size)s MB; at most %(limit)s MB are read. Split it, or save it as Parquet."),
    "file-kind": _("“%(name)s” is neither CSV, XLSX nor Parquet. Save the table in one of these and send it again."),
    "file-old-excel": _("This is a workbook of the old Excel (.xls). Open it, save it as .xlsx or CSV, and send it again."),
    "file-damaged": _("The file is damaged and cannot be opened. Save it again from the program that made it."),
    "file-locked": _("The workbook is protected by a password. Take the password off and send it again."),
    "file-bomb": _("Unpacked, the workbook would take %(size)s MB; at most %(limit)s MB are read. Save the table as CSV."),
    "file-members": _("The workbook holds %(count)s parts; a real one has fewer than %(limit)s. Save the table as CSV."),
    "file-no-encoding": _("“%(encoding)s” is not a known encoding. Try utf-8, windows-1251 or windows-1250."),
    "file-columns": _("The table has %(count)s columns; at most %(limit)s are read. Delete the ones you do not need."),
    "file-no-sheet": _("The workbook has no sheet “%(sheet)s”. Its sheets: %(sheets)s."),
    "file-no-header": _("The first row names no column. Put the names of the columns in the first row."),
    "row-quotes": _("A quotation mark is not closed, or stands inside a quoted value without being doubled."),
    "row-encoding": _("The row holds bytes that are not text in %(encoding)s. Save the file again as UTF-8."),
    "row-wide": _("The row has %(count)s values, the header names %(columns)s columns. Check quotation marks and delimiters."),
    "row-long": _("The row is longer than %(limit)s characters: probably a quotation mark was never closed."),
    "row-nul": _("The row holds a zero byte, which no text has. Save the file again from the program that made it."),
    "cell-formula": _("Cell %(cell)s holds a formula whose result was not saved. Open the file in Excel, save it, and send it again."),
    "cell-error": _("Cell %(cell)s holds the error %(value)s. Correct it and send the row again."),
    "cell-bytes": _("“%(column)s” holds raw bytes instead of text. Export the column as text."),
    "number-none": _("“%(column)s”: “%(value)s” is not a number. Write it like 1520000 or 1 520 000,50."),
    "number-unsure": _("“%(column)s”: “%(value)s” may be %(one)s or %(other)s. Say which sign separates decimals in this column."),
    "number-missing": _("“%(column)s”: “%(value)s” is not a number. If it means an empty cell, list it among the words for “empty”."),
    "date-missing": _("“%(column)s”: “%(value)s” is not a date. If it means an empty cell, list it among the words for “empty”."),
    "number-large": _("“%(column)s”: “%(value)s” is larger than can be kept (15 digits before the decimal sign)."),
    "number-places": _("“%(column)s”: “%(value)s” has more than %(places)s decimals. Round it."),
    "money-currency": _("“%(column)s”: “%(value)s” names a currency other than %(currency)s of its own column."),
    "date-none": _("“%(column)s”: “%(value)s” is not a date. Write it like 2016-12-31 or 31.12.2016."),
    "date-unsure": _("“%(column)s”: “%(value)s” may be %(one)s or %(other)s. Say which order this column has, or write 2016-12-31."),
    "date-order": _("“%(column)s”: “%(value)s” is no date in the order %(order)s that the column has (row %(row)s). Write it like 2016-12-31."),
    "flag-none": _("“%(column)s”: “%(value)s” is neither yes nor no."),
    "text-formula": _("“%(column)s”: “%(value)s” is a formula. Put its result there."),
    "key-twice": _("“%(column)s”: “%(value)s” stands in row %(row)s already. Leave one of the two."),
    "text-long": _("“%(column)s” has %(count)s characters; at most %(limit)s are kept."),
    "field-missing": _("“%(column)s” is empty; every row must have it."),
}.items():  # fmt: skip
    reason_words.add(_code, _words)
