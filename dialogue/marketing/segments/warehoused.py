"""Membership by the warehouse: who matched a rule over many rows a moment ago, settled as of that moment.

PostgreSQL answers rules about customers themselves as fast; of purchases and touches the warehouse knows the sums. Only the
rule's ids come from it: decisions by hand are those of now, nobody comes in who is gone meanwhile, and who came or went after
the moment of the data stays as he is until the next filling.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection

from dialogue.kit.scope import current_tenant
from dialogue.marketing.segments.building import MEMORY, Built, asking_for_all
from dialogue.marketing.segments.counting import base_of, fresh_moment
from dialogue.marketing.segments.models import Segment
from dialogue.marketing.segments.trees import asks_rows
from dialogue.platform.criteria import warehousing
from dialogue.platform.criteria.warehousing import WarehouseIds
from dialogue.platform.embedded.writing import int_array
from dialogue.platform.warehouse.errors import NotInWarehouse

# The rights to write are the table's; each join with the customers is of those few who come or go.
SETTLE = """
WITH picks AS MATERIALIZED (
    SELECT party_id, verdict FROM segments_handpick WHERE tenant_id = %(tenant)s AND segment_id = %(segment)s
),
wanted (id) AS (
    SELECT found FROM unnest(%(ids)s::bigint[]) found WHERE found NOT IN (SELECT party_id FROM picks)
    UNION ALL SELECT k.party_id FROM picks k JOIN parties_party p ON p.tenant_id = %(tenant)s AND p.id = k.party_id
    WHERE k.verdict = 'in' AND p.deleted_at IS NULL
),
held (id, party, since) AS (
    SELECT id, party_id, since FROM segments_membership
    WHERE tenant_id = %(tenant)s AND segment_id = %(segment)s AND until IS NULL
),
seen (party, held, since) AS MATERIALIZED (SELECT w.id, h.id, h.since FROM wanted w FULL JOIN held h ON h.party = w.id),
closed AS (
    UPDATE segments_membership m SET until = greatest(%(moment)s, (
        SELECT p.deleted_at FROM parties_party p WHERE p.tenant_id = %(tenant)s AND p.id = m.party_id
    )) WHERE id IN (SELECT held FROM seen WHERE party IS NULL AND since <= %(moment)s) RETURNING 1
),
opened AS (
    INSERT INTO segments_membership (tenant_id, segment_id, party_id, since)
    SELECT %(tenant)s, %(segment)s, s.party, %(moment)s FROM seen s
    JOIN parties_party p ON p.tenant_id = %(tenant)s AND p.id = s.party AND p.deleted_at IS NULL
    WHERE s.held IS NULL AND s.party NOT IN (
        SELECT party_id FROM segments_membership
        WHERE tenant_id = %(tenant)s AND segment_id = %(segment)s AND until > %(moment)s
    ) ORDER BY s.party RETURNING 1
)
SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM opened), (SELECT count(*) FROM closed)
"""


def settle_by_warehouse(segment: Segment) -> Built | None:
    """Make the membership of a dynamic segment that of its rule in the warehouse; return how it ended, as of its data.

    None, and nothing changed, where PostgreSQL is to be asked: the rule asks of customers alone or of other segments, which
    this very pass fills; the company is small; there is no fresh warehouse; what is stored is newer than its data. The caller
    has waited for its turn.

    Raises:
        RuleRefusal: the rule names what is no longer there; nothing is changed.
    """
    begun = time.monotonic()
    found = _found(segment)
    if found is None:
        return None
    words: dict[str, Any] = {
        "tenant": current_tenant(),
        "segment": segment.pk,
        "ids": int_array(found.ids),
        "moment": found.as_of,
    }
    with connection.cursor() as cursor:
        cursor.execute(MEMORY)
        cursor.execute(SETTLE, words)
        held, joined, left = cursor.fetchone()
    return Built(held + joined - left, joined, left, round((time.monotonic() - begun) * 1000), found.as_of)


def _found(segment: Segment) -> WarehouseIds | None:
    if not segment.is_dynamic or segment.uses or not asks_rows(segment.tree) or not base_of().is_large:
        return None
    moment = fresh_moment()
    if moment is None or moment <= max(segment.updated_at, segment.built_at or segment.updated_at):
        return None
    try:
        # The days of the rule count from the moment of the data.
        return warehousing.ids(segment.tree, asking_for_all(moment))
    except NotInWarehouse:
        return None
