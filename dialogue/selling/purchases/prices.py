"""What products were last sold at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection

from dialogue.kit.scope import current_tenant

# So many of the newest purchases are looked through: what was not sold among them has no price of today.
NEWEST = 5_000
LAST = f"""
SELECT DISTINCT ON (l.product_id) l.product_id, l.price, u.at
FROM (SELECT id, at FROM purchases_purchase WHERE tenant_id = %s AND currency = %s AND amount > 0
      ORDER BY at DESC, id DESC LIMIT {NEWEST}) u
JOIN purchases_purchaseline l ON l.tenant_id = %s AND l.purchase_id = u.id
WHERE l.product_id = ANY(%s) AND l.price > 0 AND l.quantity > 0
ORDER BY l.product_id, u.at DESC, l.id DESC
"""


def last_prices(products: Sequence[int], currency: str) -> dict[int, tuple[Decimal, datetime]]:
    """Return `{product id: (price, when)}` of those sold in the currency among the newest purchases."""
    if not products:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LAST, [current_tenant(), currency, current_tenant(), list(products)])
        return {product: (price, at) for product, price, at in cursor.fetchall()}
