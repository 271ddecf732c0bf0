"""From rows of cells to lines of values: what each column shows by itself, then each cell by its target."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from dialogue.kit.errors import Refusal
from dialogue.platform.criteria.kinds import NO, YES
from dialogue.platform.imports.kinds import Column, Line, Plan, Value
from dialogue.platform.imports.mapping import LANGUAGES_DAY_FIRST, unit_of
from dialogue.platform.imports.models import Outcome
from dialogue.platform.imports.reading.cells import Row, Table, text_of
from dialogue.platform.imports.reading.dates import DMY, clean_day, clean_moment, proof_of
from dialogue.platform.imports.reading.numbers import clean_number, decimal_sign_of
from dialogue.platform.imports.reading.reasons import Reason, because
from dialogue.platform.tenants.models import Tenant

MOST_DIFFERENT = 200_000
MOST_REMEMBERED = 10_000
MOST_CHOICES = 200
LONGEST_LONG_TEXT = 10_000
NUMERIC = {Value.NUMBER, Value.MONEY}
DATED = {Value.DAY, Value.MOMENT}
TRUE_WORDS, FALSE_WORDS = YES | {"истина", "✓", "+", "x", "х", "1.0"}, NO | {"ложь", "0.0"}
# A text cell that a spreadsheet would compute; "=" alone may begin an honest name.
FORMULA = re.compile(r"^[=@]\s*[+-]?(\$?[A-Za-z]{1,3}\$?\d|[A-Za-zА-Яа-я.]+\(|cmd\|)")
TEXT_FORMULA = re.compile(r'^="([^"]*)"$')
Cleaner = Callable[[Any], Any]


def survey_table(table: Table, watched: dict[int, Value], choices: set[int]) -> dict[str, Any]:
    """Read the table once: how many rows, which decimal sign and order of dates each column proves, which choices it has."""
    different: dict[int, dict[str, int]] = {index: {} for index in {*watched, *choices}}
    rows = 0
    for row in table.rows():
        rows += 1
        if row.refused:
            continue
        for index, seen in different.items():
            cell = row.cells[index]
            if isinstance(cell, str) and cell and cell not in seen and len(seen) < MOST_DIFFERENT:
                seen[cell] = row.number
            elif index in choices and cell is not None and len(seen) < MOST_DIFFERENT:
                seen.setdefault(text_of(cell), row.number)
    found: dict[str, Any] = {"rows": rows, "columns": {}}
    for index, kind in watched.items():
        found["columns"][str(index)] = _proofs(different[index], kind)
    for index in choices:
        listed = sorted({text.strip() for text in different[index] if text.strip()})[:MOST_CHOICES]
        found["columns"].setdefault(str(index), {})["choices"] = listed
    return found


def _proofs(seen: dict[str, int], kind: Value) -> dict[str, Any]:
    proof = decimal_sign_of if kind in NUMERIC else proof_of
    proved: dict[str, int] = {}
    for text, number in seen.items():
        shown = proof(text)
        if shown:
            proved[shown] = min(number, proved.get(shown, number))
    if not proved:
        return {}
    first = min(proved, key=lambda shown: proved[shown])
    return {"sign" if kind in NUMERIC else "order": first, "row": proved[first], "mixed": len(proved) > 1}


class RowReader:
    """Reads rows by a plan."""

    def __init__(self, plan: Plan, company: Tenant) -> None:
        self.plan = plan
        self.company = company
        self._cleaners = [(column, self._cached(self._cleaner(column))) for column in plan.columns]
        self._constants = {column.target.name: self._fixed(column) for column in plan.fixed}
        self._steps = [(clean, column.index, column.target, column) for column, clean in self._cleaners]
        self._required = [column for column in plan.columns if column.target.required]

    def _fixed(self, column: Column) -> Any:
        value = self._cleaner(column)(column.options["value"])
        if isinstance(value, Reason):
            raise Refusal(str(value), field=f"values.{column.target.name}", code="wrong-map")
        return value

    def lines(self, table: Table, after: int) -> Iterator[Line]:
        """Yield the lines of the rows beyond number `after`."""
        for row in table.rows():
            if row.number > after:
                yield self.read(row)

    def read(self, row: Row) -> Line:
        """Return the row as a line; the first cell that cannot be read refuses it."""
        line = Line(row.number, dict(self._constants), row.cells)
        if row.refused:
            line.outcome, line.reason = Outcome.REFUSED, row.refused
            return line
        values = line.values
        cells = row.cells
        for clean, index, target, column in self._steps:
            value = clean(cells[index])
            if value is None:
                continue
            if type(value) is Reason:
                line.outcome, line.reason = Outcome.REFUSED, value
                return line
            if target.several:
                values.setdefault(target.name, []).append((column.name, value, column))
            else:
                values[target.name] = value
        for column in self._required:
            if values.get(column.target.name) is None:
                line.outcome, line.reason = Outcome.REFUSED, because("field-missing", column=column.header)
        return line

    def _cached(self, clean: Cleaner) -> Cleaner:
        texts: dict[str, Any] = {}
        numbers: dict[Any, Any] = {}
        empty = self.plan.empty

        def read(cell: Any) -> Any:
            kind = type(cell)
            if kind is str:
                if not cell:
                    return None
                found = texts.get(cell, texts)
                if found is texts:
                    found = None if empty and cell.strip().lower() in empty else clean(cell)
                    if len(texts) >= MOST_REMEMBERED:
                        texts.clear()
                    texts[cell] = found
                return found
            if kind is int or kind is float:
                found = numbers.get((kind, cell), numbers)
                if found is numbers:
                    found = clean(cell)
                    if len(numbers) >= MOST_REMEMBERED:
                        numbers.clear()
                    numbers[kind, cell] = found
                return found
            return None if cell is None else clean(cell)

        return read

    def _cleaner(self, column: Column) -> Cleaner:
        kind = column.target.value
        if kind in NUMERIC:
            return self._number_cleaner(column)
        if kind in DATED:
            return self._date_cleaner(column)
        if kind is Value.FLAG:
            return _flag_cleaner(column)
        return _text_cleaner(column)

    def _proved(self, column: Column) -> dict[str, Any]:
        return dict(self.plan.survey.get("columns", {}).get(str(column.index), {}))

    def _number_cleaner(self, column: Column) -> Cleaner:
        proved = self._proved(column)
        chosen = column.options.get("decimal") or self.plan.options.get("decimal") or ""
        sign = str(chosen or ("" if proved.get("mixed") else proved.get("sign", "")))
        own = self.company.currency
        header = column.header
        unit = unit_of(header)
        money = column.target.value is Value.MONEY

        def clean(cell: Any) -> Any:
            amount = clean_number(cell, column=header, decimal_sign=sign, own=own)
            if amount is None or isinstance(amount, Reason):
                return amount
            if money:
                return amount.value, amount.currency or unit
            return amount.value

        return clean

    def _date_cleaner(self, column: Column) -> Cleaner:
        proved = self._proved(column)
        chosen = str(column.options.get("order") or self.plan.options.get("order") or "")
        day_first = DMY if self.company.language in LANGUAGES_DAY_FIRST else ""
        order = chosen or proved.get("order", day_first)
        mixed = not chosen and bool(proved.get("mixed"))
        row = 0 if chosen else int(proved.get("row", 0))
        header, zone = column.header, self.company.zone
        if column.target.value is Value.DAY:
            return lambda cell: clean_day(cell, column=header, order=order, proof=row, mixed=mixed)
        return lambda cell: clean_moment(cell, column=header, order=order, proof=row, mixed=mixed, zone=zone)


def _flag_cleaner(column: Column) -> Cleaner:
    def clean(cell: Any) -> Any:
        if isinstance(cell, bool):
            return cell
        if isinstance(cell, (int, float, Decimal)) and cell in (0, 1):
            return bool(cell)
        text = text_of(cell).lower()
        if not text:
            return None
        if text in TRUE_WORDS:
            return True
        return False if text in FALSE_WORDS else because("flag-none", column=column.header, value=text)

    return clean


def _text_cleaner(column: Column) -> Cleaner:
    long = column.target.value is Value.LONG_TEXT
    limit = LONGEST_LONG_TEXT if long else column.target.longest
    header = column.header

    def clean(cell: Any) -> Any:
        text = cell.strip() if type(cell) is str else text_of(cell)
        if text[:1] in {"=", "@"}:
            quoted = TEXT_FORMULA.match(text)
            if quoted:
                text = quoted[1]
            elif FORMULA.match(text):
                return because("text-formula", column=header, value=text)
        if not long:
            text = " ".join(text.split())
        if not text:
            return None
        if len(text) > limit:
            return because("text-long", column=header, count=len(text), limit=limit)
        return text

    return clean
