"""Taking a list along: the matching rows as CSV or XLSX, written by a job, formulas made harmless.

A cell that a spreadsheet would run (it begins with =, +, -, @, a tab or a line feed) is written with an apostrophe
before it, as OWASP's CSV injection page recommends; numbers and dates keep their kind in XLSX.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone, translation

from dialogue.kit.scope import current_tenant
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.accounts.models import User
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.fields import Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.lists.cells import Printer
from dialogue.platform.lists.pages import list_pages
from dialogue.platform.lists.query import Cursor, ListQuery
from dialogue.platform.tenants.models import Tenant

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
BATCH = 1000
SIGNED = re.compile(r"[+-]\d+(?:[.,]\d+)?")
SEMICOLON = {"ru", "uk", "ro"}


def harmless(text: str) -> str:
    """Return the text so that no spreadsheet runs it as a formula; signed numbers and phones stay as they are."""
    if not text.startswith(RISKY) or SIGNED.fullmatch(text):
        return text
    return f"'{text}"


def export_rows(run: JobRun, *, page: str, query: str, form: str, user: int, language: str) -> dict[str, Any]:
    """Write the matching rows to the store; return the file's name, its form and the number of rows."""
    company = Tenant.objects.get(pk=current_tenant())
    with translation.override(language), timezone.override(company.zone):
        with transaction.atomic():
            actor = member_actor(User.objects.get(pk=user))
        if actor is None:
            return {"rows": 0}
        reading = ListQuery(list_pages.get(page), QueryDict(query), asking_of(actor, company))
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / f"list.{form}"
            count = (_write_xlsx if form == "xlsx" else _write_csv)(run, reading, made, language)
            with made.open("rb") as opened:
                name = default_storage.save(f"exports/{company.pk}/{run.id}.{form}", File(opened))
    return {"file": name, "form": form, "rows": count, "list": page}


def _batches(reading: ListQuery) -> Iterator[list[Any]]:
    """Yield the rows by key: memory stays flat and no transaction is long."""
    cursor: Cursor | None = None
    while True:
        with transaction.atomic():
            read = reading.next_rows(BATCH, cursor)
        if read:
            yield read
        if len(read) < BATCH:
            return
        cursor = Cursor.decode(reading.cursor_of(read[-1]))


def _write_csv(run: JobRun, reading: ListQuery, target: Path, language: str) -> int:
    with transaction.atomic():
        columns, total = reading.columns, reading.totals().count
    printer, count = Printer(reading.page, reading.asking), 0
    with target.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened, delimiter=";" if language in SEMICOLON else ",")
        writer.writerow([str(column.label) for column in columns])
        for rows in _batches(reading):
            with transaction.atomic():
                writer.writerows([[_plain(printer, column, row) for column in columns] for row in rows])
            count += len(rows)
            run.advance(count, total)
    return count


def _plain(printer: Printer, column: Field, row: Any) -> str:
    value = column.value_of(row)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return harmless(printer.text(column, row))


def _write_xlsx(run: JobRun, reading: ListQuery, target: Path, language: str) -> int:
    with transaction.atomic():
        columns, total = reading.columns, reading.totals().count
    printer, count = Printer(reading.page, reading.asking), 0
    # Late: only the worker writes sheets.
    import xlsxwriter

    book = xlsxwriter.Workbook(str(target), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(columns):
        sheet.write_string(0, number, str(column.label), bold)
        sheet.set_column(number, number, 24)
    for rows in _batches(reading):
        with transaction.atomic():
            for row in rows:
                count += 1
                for number, column in enumerate(columns):
                    _cell(sheet, (count, number), column, row, (printer, day, moment))
        run.advance(count, total)
    book.close()
    return count


def _cell(sheet: Any, place: tuple[int, int], column: Field, row: Any, means: tuple[Printer, Any, Any]) -> None:
    printer, day, moment = means
    value = column.value_of(row)
    if isinstance(value, Decimal):
        sheet.write_number(*place, float(value))
    elif isinstance(value, datetime):
        sheet.write_datetime(*place, timezone.localtime(value).replace(tzinfo=None), moment)
    elif isinstance(value, date):
        sheet.write_datetime(*place, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001  a day has no zone
    elif column.kind == FieldKind.NUMBER and value not in (None, ""):
        sheet.write_number(*place, float(value))
    else:
        sheet.write_string(*place, harmless(printer.text(column, row)))
