"""Tell the planner what a large import wrote, before the first list or search over it is asked.

Autovacuum would do it within minutes; until then PostgreSQL plans for the tables as they were, empty perhaps.
"""

from __future__ import annotations

import logging

import psycopg
from django.contrib.postgres.indexes import GinIndex
from django.db import connections, models

from dialogue.platform.imports.kinds import ImportKind
from dialogue.platform.imports.models import ImportChange, ImportRow
from dialogue.platform.search.models import SearchEntry

log = logging.getLogger("dialogue.imports")
# Smaller imports change no plan.
FEWEST_ROWS = 5000


def planned_by(model: type[models.Model]) -> list[str]:
    """Return the columns by which rows of the model are looked up: those of its indexes, unique keys and relations."""
    meta = model._meta
    named = {name for one in (*meta.indexes, *meta.constraints) for name in getattr(one, "fields", ()) if name != "grams"}
    fields = [one for one in meta.concrete_fields if one.is_relation or {one.name, f"-{one.name}"} & named]
    return sorted({"id", *(str(one.column) for one in fields)})


def refresh_statistics(kind: ImportKind) -> None:
    """Analyse the tables the kind writes, as their owner; without his connection leave it to autovacuum."""
    written: set[type[models.Model]] = {ImportRow, ImportChange, SearchEntry}
    for one in kind.undoables():
        written |= {one.model, *(part for part, _key in one.parts)}
    owner = connections["owner"]
    quote = owner.ops.quote_name
    listed = [
        f"{quote(model._meta.db_table)} ({', '.join(map(quote, planned_by(model)))})"
        for model in sorted(written, key=lambda model: model._meta.label)
    ]
    try:
        # A connection for one statement: the process holds none of the owner's.
        with psycopg.connect(**owner.get_connection_params(), autocommit=True) as raw:
            # Somebody who changes a table's shape goes first.
            raw.execute("SET lock_timeout = '2s'")
            raw.execute(f"ANALYZE {', '.join(listed)}")
            # New rows wait beside a search index until somebody sorts them in; until then every search reads all of them.
            for name in sorted(index.name for model in written for index in model._meta.indexes if isinstance(index, GinIndex)):
                raw.execute("SELECT gin_clean_pending_list(%s::regclass)", [name])
    except psycopg.Error as error:
        log.warning("statistics were not refreshed", extra={"facts": {"kind": kind.code, "error": type(error).__name__}})
