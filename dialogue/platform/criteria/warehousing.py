"""Rules asked of the warehouse: how many, and which, with the moment of the data; compiled SQL is kept by the rule's hash.

What the warehouse cannot say raises `NotInWarehouse`, and the caller asks PostgreSQL. Ibis and DuckDB are loaded by the first
question only: no web process has them before.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from importlib import import_module
from typing import Any

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.kit.scope import current_tenant
from dialogue.platform.criteria.clock import set_clock
from dialogue.platform.criteria.fields import Asking, Entity, entities
from dialogue.platform.criteria.rules import Compiler, Tree
from dialogue.platform.warehouse.reading import asking as asking_files
from dialogue.platform.warehouse.store import Manifest, manifest_of

MOST_KEPT = 500
# A leaf over the warehouse: (expressions, node, the rows asked about) → a condition on them; unknown counts as false.
WarehouseLeaf = Callable[[Any, Tree, Any], Any]
warehouse_leaves: Registry[WarehouseLeaf] = Registry("rule leaves in the warehouse")
# By what was asked: the question, and what moves in it with the clock.
_kept: OrderedDict[str, tuple[str, list[Any]]] = OrderedDict()
_lock = threading.Lock()


@frozen
class WarehouseCount:
    """How many records a rule matches, exactly, in the data of a moment, and the ids of some of them."""

    count: int
    as_of: datetime
    some: tuple[int, ...] = ()


@frozen
class WarehouseIds:
    """Which records a rule matches, in no order, in the data of a moment."""

    ids: list[int]
    as_of: datetime


def count(tree: Any, asking: Asking, *, entity: str = "party") -> WarehouseCount:
    """Return how many records of the open company match, whoever may see them.

    Raises:
        RuleRefusal: names the part of the rule at fault.
        NotInWarehouse: there is no warehouse, or it does not hold what the rule asks.
    """
    found = entities.get(entity)
    with asking_files(current_tenant()) as (manifest, cursor):
        sql = _sql(found, tree, asking, manifest, "count")
        number, some = cursor.execute(sql).fetchall()[0]
        return WarehouseCount(int(number), manifest.moment, tuple(some or ()))


def ids(tree: Any, asking: Asking, *, entity: str = "party") -> WarehouseIds:
    """Return which records of the open company match, whoever may see them.

    Raises:
        RuleRefusal: names the part of the rule at fault.
        NotInWarehouse: there is no warehouse, or it does not hold what the rule asks.
    """
    found = entities.get(entity)
    with asking_files(current_tenant()) as (manifest, cursor):
        sql = _sql(found, tree, asking, manifest, "ids")
        # As one list: a row of its own for each of a million would take its time.
        found = cursor.execute(f"SELECT coalesce(list(id), []) FROM ({sql}) AS found").fetchall()[0][0]
        return WarehouseIds(found, manifest.moment)


def is_ready() -> bool:
    """Return whether this process has loaded what a question needs; if not, let it load meanwhile (a second or two)."""
    if "dialogue.platform.criteria.expressions" in sys.modules and "duckdb" in sys.modules:
        return True
    threading.Thread(target=_load, daemon=True).start()
    return False


def _load() -> None:
    for name in ("duckdb", "dialogue.platform.criteria.expressions"):
        import_module(name)


def as_of() -> datetime | None:
    """Return the moment of the open company's warehouse, None where it has none."""
    manifest = manifest_of(current_tenant())
    return manifest.moment if manifest else None


def _sql(entity: Entity, tree: Any, asking: Asking, manifest: Manifest, what: str) -> str:
    """Return the question as DuckDB's SQL, from the kept ones where the very same was asked before."""
    # Slots and definitions are part of what a rule means.
    fields = [(one.name, one.path, str(one.kind)) for one in entity.defined()]
    meant = [entity.name, tree, what, manifest.number, fields, asking.actor.user, str(asking.zone), asking.week_start]
    key = sha256(json.dumps(meant, sort_keys=True, default=str).encode()).hexdigest()
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return set_clock(*_kept[key], asking)
    # The first compiler knows every refusal; the second may then trust the tree.
    Compiler(entity, asking).compile(tree)
    from dialogue.platform.criteria.expressions import Expressions

    made = Expressions(asking, manifest)
    sql = made.sql(entity, tree, what)
    # A leaf may have read what its code means now.
    if not made.momentary:
        with _lock:
            _kept[key] = sql, made.clock.stand_ins
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
    return set_clock(sql, made.clock.stand_ins, asking)
