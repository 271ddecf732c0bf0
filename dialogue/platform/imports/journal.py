"""The journal of an import: outcomes and before-images, written by set statements in the batch's own transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, models

from dialogue.kit.scope import current_tenant
from dialogue.platform.embedded.writing import int_array
from dialogue.platform.imports.kinds import Batch, Line
from dialogue.platform.imports.models import Import, ImportChange, ImportRow, Outcome

CHANGES = ImportChange._meta.db_table
ROWS = ImportRow._meta.db_table
MOST_CELLS = 60
LONGEST_CELL = 300


def table_of(model: type[models.Model]) -> str:
    """Return the model's table, quoted."""
    return connection.ops.quote_name(model._meta.db_table)


def has_stamp(model: type[models.Model]) -> bool:
    """Return whether rows of the model know when they changed."""
    return any(field.name == "updated_at" for field in model._meta.concrete_fields)


def keep_before(run: Import, model: type[models.Model], ids: Iterable[int]) -> None:
    """Keep the present image of rows, unless this import made or kept them before."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {CHANGES} (tenant_id, run_id, model, row_id, made, before, kept, label)"
            f" SELECT t.tenant_id, %s, %s, t.id, false, to_jsonb(t), '', '' FROM {table_of(model)} t"
            " WHERE t.tenant_id = %s AND t.id = ANY(%s::bigint[]) ON CONFLICT DO NOTHING",
            [run.pk, model._meta.label_lower, current_tenant(), int_array(sorted(ids))],
        )


def keep_changes(batch: Batch) -> None:
    """Journal what the batch made and the version in which it left what it touched."""
    # What was made has fresh ids: looking for a row of the same id would double the cost.
    known = " ON CONFLICT (tenant_id, run_id, model, row_id) DO UPDATE SET stamp = excluded.stamp"
    with connection.cursor() as cursor:
        for made, touched, conflict in ((True, batch.made, ""), (False, batch.touched, known)):
            for model, ids in touched.items():
                stamp = "t.updated_at" if has_stamp(model) else "NULL"
                cursor.execute(
                    f"INSERT INTO {CHANGES} (tenant_id, run_id, model, row_id, made, stamp, kept, label)"
                    f" SELECT t.tenant_id, %s, %s, t.id, %s, {stamp}, '', '' FROM {table_of(model)} t"
                    f" WHERE t.tenant_id = %s AND t.id = ANY(%s::bigint[]) ORDER BY t.id{conflict}",
                    [batch.run.pk, model._meta.label_lower, made, current_tenant(), int_array(sorted(ids))],
                )


def keep_outcomes(batch: Batch) -> None:
    """Write the outcome of each row, of which there is none yet: `read_through` goes on in the same transaction."""
    bare: dict[str, list[Line]] = {}
    told: list[Line] = []
    for line in batch.lines:
        if line.reason is None and line.outcome != Outcome.REFUSED:
            bare.setdefault(line.outcome, []).append(line)
        else:
            told.append(line)
    head = [current_tenant(), batch.run.pk]
    with connection.cursor() as cursor:
        for outcome, lines in bare.items():
            cursor.execute(
                f"INSERT INTO {ROWS} (tenant_id, run_id, number, outcome, subject)"
                " SELECT %s, %s, n, %s, s FROM unnest(%s::int[], %s::bigint[]) AS x(n, s)",
                [
                    *head,
                    str(outcome),
                    int_array(line.number for line in lines),
                    int_array(line.subject for line in lines),
                ],
            )
        if told:
            cursor.execute(
                f"INSERT INTO {ROWS} (tenant_id, run_id, number, outcome, subject, reason, cells)"
                " SELECT %s, %s, n, o, s, r::jsonb, c::jsonb"
                " FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::text[], %s::text[]) AS x(n, o, s, r, c)",
                [*head, *map(list, zip(*map(_told, told), strict=True))],
            )


def _told(line: Line) -> tuple[int, str, int | None, str | None, str | None]:
    reason = json.dumps(line.reason.plain(), ensure_ascii=False, default=str) if line.reason else None
    cells = json.dumps(shown(line.cells), ensure_ascii=False) if line.outcome == Outcome.REFUSED else None
    return line.number, line.outcome, line.subject, reason, cells


def shown(cells: list[Any]) -> list[str]:
    """Return cells as a page shows them: texts, bounded."""
    return [str(cell if cell is not None else "")[:LONGEST_CELL].replace("\0", "") for cell in cells[:MOST_CELLS]]
