"""The outcome of an import as a file: the rows as they came, each with what became of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from dialogue.kit.scope import tenant_scope
from dialogue.platform.imports.journal import shown
from dialogue.platform.imports.models import Import, ImportRow, Outcome
from dialogue.platform.imports.running import table_of_run
from dialogue.platform.imports.storage import file_of
from dialogue.platform.lists.exports import harmless

PAGE = 5000


def download_name(run: Import) -> str:
    """Return an ASCII file name that no header can be broken with."""
    return f"import-{run.pk}.csv"


def outcome_lines(run: Import, only: str = "") -> Iterator[bytes]:
    """Yield the file block by block; `only` keeps the rows of one outcome.

    Once the imported file was removed, only refused rows come with their cells.
    """
    language = get_language() or "en"
    with override(language):
        head = [_("Row"), _("Outcome"), _("Reason")]
        yield b"\xef\xbb\xbf" + _written([[*head, *run.headers]])
    after = 0
    with tenant_scope(run.tenant_id), transaction.atomic():
        here = bool(run.file) and file_of(run.file).is_file()
        rows = table_of_run(run).rows() if here else iter(())
    while True:
        with tenant_scope(run.tenant_id), transaction.atomic():
            page = list(ImportRow.objects.filter(run=run, number__gt=after).order_by("number")[:PAGE])
        if not page:
            return
        after = page[-1].number
        found = {row.number: row for row in page}
        written = []
        with override(language):
            for kept in [] if here else page:
                if not only or kept.outcome == only:
                    cells = [harmless(cell) for cell in shown(kept.cells or [])]
                    written.append([str(kept.number), str(Outcome(kept.outcome).label), harmless(kept.words), *cells])
            for source in rows:
                row = found.pop(source.number, None)
                if row and (not only or row.outcome == only):
                    cells = [harmless(cell) for cell in shown(source.cells)]
                    written.append([str(row.number), str(Outcome(row.outcome).label), harmless(row.words), *cells])
                if not found:
                    break
        yield _written(written)


def _written(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows(rows)
    return buffer.getvalue().encode()
