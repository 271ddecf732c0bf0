"""Where the rows of a page stand in a list whose filters may find a few among millions, anywhere in its order (decision 0050).

PostgreSQL looks for the first rows of a page along the order, as if they lay evenly: through millions of others where they lie
behind. Here few are found by whatever index finds them and then put in order; many are looked for along the order, not too far,
and where too few of them are there, all are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db import connections, models

from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.kit.statement import Condition

FEW = """
WITH few AS MATERIALIZED (SELECT "id", "{column}" FROM "{table}" WHERE {condition} LIMIT {few} + 1)
SELECT c.number, k.id, k.value FROM (SELECT count(*) FROM few) c (number) LEFT JOIN LATERAL (
    SELECT "id", "{column}" FROM few AS "{table}" WHERE c.number <= {few} AND {beyond} ORDER BY {order} LIMIT {most}
) k (id, value) ON TRUE
"""
NEAR = """
SELECT "id", "{column}" FROM (SELECT * FROM "{table}" WHERE "tenant_id" = {tenant} AND {beyond} ORDER BY {order} LIMIT {nearest})
    AS "{table}" WHERE {condition} ORDER BY {order} LIMIT {most}
"""
# Without OFFSET it would go along the order again.
FAR = """
SELECT "id", "{column}" FROM (SELECT "id", "{column}" FROM "{table}" WHERE {condition} AND {beyond} OFFSET 0) found
ORDER BY {order} LIMIT {most}
"""
NEAREST = 50_000


@frozen
class Wanted:
    """Rows of a model in the order of a moment; `matching` and `beyond` (the place in the list) speak of its own table."""

    model: type[models.Model]
    moment: str
    descending: bool
    matching: Condition
    beyond: Condition


def places_of(wanted: Wanted, few: int, most: int) -> tuple[list[tuple[int, datetime]], int]:
    """Return up to `most` rows (id, moment) in order, and how many match in the whole list, up to one more than a `few`."""
    column, way = cast("Any", wanted.model._meta.get_field(wanted.moment)).column, "DESC" if wanted.descending else "ASC"
    (condition, matching), (beyond, behind) = wanted.matching, wanted.beyond
    names = {"table": wanted.model._meta.db_table, "column": column, "condition": condition, "beyond": beyond}
    names |= {"order": f'"{column}" {way}, "id" {way}'}
    numbers = {"tenant": current_tenant(), "few": few, "most": most, "nearest": NEAREST}

    def ask(statement: str, *values: Any) -> Sequence[Any]:
        cursor.execute(statement.format(**names, **numbers), values)
        return list(cursor.fetchall())

    with connections["default"].cursor() as cursor:
        found = ask(FEW, *matching, *behind)
        number = found[0][0]
        if number <= few:
            return [(pk, moment) for _number, pk, moment in found if pk is not None], number
        near = ask(NEAR, *behind, *matching)
        return list(near if len(near) == most else ask(FAR, *matching, *behind)), number
