"""What became of coupons: issued, used, bought for, in a query each for many series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from decimal import Decimal

from django.db import connection
from django.db.models import Count

from dialogue.kit.frozen import record
from dialogue.kit.money import print_money
from dialogue.kit.scope import current_tenant
from dialogue.selling.promotions.models import Coupon, Series, Use
from dialogue.selling.promotions.rules import Verdict
from dialogue.selling.purchases.models import Purchase


@record
class Figures:
    """Of one series: codes issued, uses that count, uses that do not, and what those that count bought, by currency."""

    issued: int = 0
    used: int = 0
    refused: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)

    @property
    def bought(self) -> str:
        """The sums in words."""
        return ", ".join(print_money(amount, currency) for currency, amount in self.sums.items())

    @property
    def share(self) -> float | None:
        """Percent of the issued single codes that were used."""
        return 100 * self.used / self.issued if self.issued else None


def figures_of(rows: Sequence[Series]) -> dict[int, Figures]:
    """Return the figures of the series."""
    found = {row.pk: Figures() for row in rows}
    if not found:
        return found
    issued = Coupon.objects.filter(series__in=list(found)).values("series_id").annotate(count=Count("id"))
    for one in issued:
        found[one["series_id"]].issued = one["count"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT u.series_id, u.verdict = %s, p.currency, count(*), sum(p.amount) FROM {Use._meta.db_table} u"
            f" JOIN {Purchase._meta.db_table} p ON p.tenant_id = u.tenant_id AND p.id = u.purchase"
            " WHERE u.tenant_id = %s AND u.series_id = ANY(%s) GROUP BY 1, 2, 3",
            [Verdict.COUNTS, current_tenant(), list(found)],
        )
        for series, counts, currency, count, amount in cursor.fetchall():
            figures = found[series]
            if counts:
                figures.used += count
                figures.sums[currency] = figures.sums.get(currency, Decimal(0)) + amount
            else:
                figures.refused += count
    return found
