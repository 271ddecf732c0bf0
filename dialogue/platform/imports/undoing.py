"""Take an import back: every record it made goes, every record it changed gets its image back, unless it was changed or
referred to since. Set statements over a temporary table of fates; what stays is listed with the reason.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import TenantRow
from dialogue.kit.scope import current_tenant
from dialogue.platform.audit.recording import record
from dialogue.platform.imports.journal import CHANGES, has_stamp, table_of
from dialogue.platform.imports.kinds import Undoable, import_kinds, loose_references
from dialogue.platform.imports.models import Import, ImportChange, ImportState
from dialogue.platform.imports.running import actor_of
from dialogue.platform.imports.signals import Undone, records_undone
from dialogue.platform.jobs.kinds import JobRun

FATE = "undo_fate"
KEPT_WORDS = {
    "changed": _("changed since the import"),
    "referred": _("something created since refers to it"),
    "owner": _("belongs to a record that stays"),
    "gone": _("was deleted meanwhile"),
}
MOST_ROUNDS = 20
Belonging = dict[type[models.Model], tuple[str, str]]


def undo_import(job: JobRun, run: int) -> dict[str, Any]:
    """The job: undo in one transaction; a kill in the middle leaves everything as it was, and the job begins again."""
    return run_undo(run)


def run_undo(run: int) -> dict[str, Any]:
    """Undo an import that is marked so, and return `{"removed", "restored", "kept"}`."""
    with transaction.atomic():
        row = Import.objects.select_for_update().filter(pk=run, state=ImportState.UNDOING).first()
        if row is None:
            return {}
        by = actor_of(row)
        result = take_back(row, by)
        row.state, row.undone_at, row.undo = ImportState.UNDONE, timezone.now(), result
        row.save(update_fields=["state", "undone_at", "undo", "updated_at"])
        record(by, "import.undone", row, result=result)
    return result


def take_back(run: Import, by: Actor) -> dict[str, int]:
    """Undo what can be undone; return `{"removed", "restored", "kept"}` as numbers of records."""
    undoables = import_kinds.get(run.kind).undoables()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {FATE}")
        cursor.execute(
            f"CREATE TEMP TABLE {FATE} ON COMMIT DROP AS"
            " SELECT model, row_id, made, stamp, ''::text AS why"
            f" FROM {CHANGES} WHERE tenant_id = %s AND run_id = %s",
            [current_tenant(), run.pk],
        )
        cursor.execute(f"CREATE UNIQUE INDEX ON {FATE} (model, row_id)")
        cursor.execute(f"ANALYZE {FATE}")
        belonging = {model: (_name(one.model), column) for one in undoables for model, column in one.parts}
        for one in undoables:
            _find_changed(cursor, one)
        for _round in range(MOST_ROUNDS):
            if not sum(_find_referred(cursor, one, belonging) for one in undoables):
                break
        removed = restored = 0
        for one in undoables:
            _share_fate(cursor, one)
        for one in undoables:
            removed += _remove(cursor, one)
        for one in undoables:
            restored += _restore(cursor, one, run)
        for one in undoables:
            _tell(cursor, one, by)
        kept = _list_kept(cursor, run, undoables)
        cursor.execute(f"DROP TABLE {FATE}")
    return {"removed": removed, "restored": restored, "kept": kept}


def _name(model: type[models.Model]) -> str:
    return str(model._meta.label_lower)


def _find_changed(cursor: Any, one: Undoable) -> None:
    table = table_of(one.model)
    cursor.execute(
        f"UPDATE {FATE} f SET why = 'gone' WHERE f.model = %s AND NOT EXISTS"
        f" (SELECT 1 FROM {table} t WHERE t.tenant_id = %s AND t.id = f.row_id)",
        [_name(one.model), current_tenant()],
    )
    if has_stamp(one.model):
        cursor.execute(
            f"UPDATE {FATE} f SET why = 'changed' FROM {table} t WHERE f.model = %s AND f.why = ''"
            " AND t.tenant_id = %s AND t.id = f.row_id AND t.updated_at IS DISTINCT FROM f.stamp",
            [_name(one.model), current_tenant()],
        )


def references_to(one: Undoable) -> list[tuple[type[models.Model], str, dict[str, Any]]]:
    """Return (model, column, condition) of everything that may point at the model's rows, its own parts left out."""
    parts = {(model, column) for model, column in one.parts}
    found: list[tuple[type[models.Model], str, dict[str, Any]]] = []
    for relation in one.model._meta.get_fields(include_hidden=True):
        model = relation.related_model
        if not relation.auto_created or relation.concrete or not isinstance(model, type):
            continue
        column = getattr(getattr(relation, "field", None), "column", None)
        if column is None or not issubclass(model, TenantRow) or (model, column) in parts:
            continue
        found.append((model, str(column), {}))
    loose = [reference for reference in loose_references if reference.target == _name(one.model)]
    return found + [(reference.model, reference.key, dict(reference.only)) for reference in loose]


def _find_referred(cursor: Any, one: Undoable, belonging: Belonging) -> int:
    """Mark made records that something else points at: a row not of this import, or one of it that stays.

    `belonging` tells of rows that live and die with another: (their owner's model, their key to it).
    """
    marked = 0
    for model, column, only in references_to(one):
        condition = "".join(f" AND r.{connection.ops.quote_name(name)} = %s" for name in only)
        owner, key = belonging.get(model, ("", "id"))
        cursor.execute(
            f"UPDATE {FATE} f SET why = 'referred' WHERE f.model = %s AND f.made AND f.why = '' AND EXISTS"
            f" (SELECT 1 FROM {table_of(model)} r WHERE r.tenant_id = %s AND r.{column} = f.row_id{condition} AND NOT EXISTS"
            f" (SELECT 1 FROM {FATE} g WHERE g.model = %s AND g.row_id = r.id AND g.made AND g.why = '')"
            f" AND NOT EXISTS (SELECT 1 FROM {FATE} g WHERE g.model = %s AND g.row_id = r.{key} AND g.made AND g.why = ''))",
            [_name(one.model), current_tenant(), *only.values(), _name(model), owner],
        )
        marked += cursor.rowcount
    return marked


def _share_fate(cursor: Any, one: Undoable) -> None:
    """Leave alone made records whose owner was made too and stays."""
    if not one.owner:
        return
    owner = one.model._meta.get_field(one.owner)
    target = one.owner_model or _name(owner.related_model)  # type: ignore[arg-type]
    column = getattr(owner, "column", one.owner)
    cursor.execute(
        f"UPDATE {FATE} f SET why = 'owner' FROM {table_of(one.model)} t, {FATE} o"
        " WHERE f.model = %s AND f.made AND f.why = '' AND t.tenant_id = %s AND t.id = f.row_id"
        f" AND o.model = %s AND o.row_id = t.{column} AND o.made AND o.why <> ''",
        [_name(one.model), current_tenant(), target],
    )


def _remove(cursor: Any, one: Undoable) -> int:
    gone = f"SELECT row_id FROM {FATE} WHERE model = %s AND made AND why = ''"
    for model, column in one.parts:
        cursor.execute(
            f"DELETE FROM {table_of(model)} WHERE tenant_id = %s AND {column} IN ({gone})",
            [current_tenant(), _name(one.model)],
        )
    cursor.execute(
        f"DELETE FROM {table_of(one.model)} WHERE tenant_id = %s AND id IN ({gone})", [current_tenant(), _name(one.model)]
    )
    return int(cursor.rowcount)


def _restore(cursor: Any, one: Undoable, run: Import) -> int:
    fields = [
        connection.ops.quote_name(str(field.column))
        for field in one.model._meta.concrete_fields
        if not field.primary_key and not getattr(field, "generated", False)
    ]
    table = table_of(one.model)
    pairs = ", ".join(f"{column} = r.{column}" for column in fields)
    cursor.execute(
        f"UPDATE {table} t SET {pairs} FROM {CHANGES} c JOIN {FATE} f ON f.model = c.model AND f.row_id = c.row_id"
        f" CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, c.before) r"
        " WHERE c.tenant_id = %s AND c.run_id = %s AND c.model = %s AND NOT c.made AND f.why = ''"
        " AND t.tenant_id = c.tenant_id AND t.id = c.row_id",
        [current_tenant(), run.pk, _name(one.model)],
    )
    return int(cursor.rowcount)


def _tell(cursor: Any, one: Undoable, by: Actor) -> None:
    """Let rooms that keep something beside a record, such as its row of the search, follow."""
    cursor.execute(f"SELECT row_id, made FROM {FATE} WHERE model = %s AND why = ''", [_name(one.model)])
    rows = cursor.fetchall()
    if rows:
        removed = [int(pk) for pk, made in rows if made]
        records_undone.tell(Undone(_name(one.model), removed, [int(pk) for pk, made in rows if not made], by))


def _list_kept(cursor: Any, run: Import, undoables: tuple[Undoable, ...]) -> int:
    cursor.execute(
        f"UPDATE {CHANGES} c SET kept = f.why FROM {FATE} f WHERE c.tenant_id = %s AND c.run_id = %s"
        " AND c.model = f.model AND c.row_id = f.row_id AND f.why <> ''",
        [current_tenant(), run.pk],
    )
    kept = int(cursor.rowcount)
    for one in undoables:
        changes = ImportChange.objects.filter(run=run, model=_name(one.model)).exclude(kept="")
        ids = list(changes.values_list("row_id", flat=True)[:1000])
        rows = one.model._base_manager.filter(tenant_id=current_tenant(), pk__in=ids)
        labels = {row.pk: str(row)[:200] for row in rows}
        named = [ImportChange(pk=change.pk, label=labels.get(change.row_id, "")) for change in changes.filter(row_id__in=ids)]
        ImportChange.objects.bulk_update(named, ["label"], batch_size=500)
    return kept


def kind_words(model: str) -> str:
    """Return what a model's rows are called."""
    return str(apps.get_model(model)._meta.verbose_name)
