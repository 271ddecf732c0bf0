"""What campaigns brought, by rule: set queries for pages above."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import connection

from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant


@frozen
class Brought:
    """Of one campaign, thing, rule and currency: how many, by how many customers, and their sum; of deals also those won."""

    source: int
    what: str
    rule: str
    currency: str
    count: int
    customers: int
    amount: Decimal
    won: int = 0
    won_amount: Decimal = Decimal(0)


# Purchases are paid by their nature: what is recorded was bought. A deal's income counts when it is won.
QUERY = """SELECT a.source, 'purchase', a.rule, p.currency, count(*), count(DISTINCT a.party_id), sum(p.amount), 0, 0
  FROM attribution_attribution a JOIN purchases_purchase p ON p.tenant_id = a.tenant_id AND p.id = a.ref
  WHERE a.tenant_id = %(tenant)s AND a.what = 'purchase' AND a.source = ANY(%(sources)s) GROUP BY 1, 3, 4
UNION ALL
SELECT a.source, 'deal', a.rule, d.currency, count(*), count(DISTINCT a.party_id), coalesce(sum(d.budget), 0),
  count(*) FILTER (WHERE d.stage_class = 'won'), coalesce(sum(d.budget) FILTER (WHERE d.stage_class = 'won'), 0)
  FROM attribution_attribution a JOIN deals_deal d ON d.tenant_id = a.tenant_id AND d.id = a.ref AND d.deleted_at IS NULL
  WHERE a.tenant_id = %(tenant)s AND a.what = 'deal' AND a.source = ANY(%(sources)s) GROUP BY 1, 3, 4
ORDER BY 1, 2, 3, 4"""


def brought_by(sources: Sequence[int]) -> list[Brought]:
    """Return what the campaigns brought, a line for each thing, rule and currency."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY, {"tenant": current_tenant(), "sources": list(sources)})
        return [Brought(*row) for row in cursor.fetchall()]
