"""The rule of attribution as set statements: a coupon, else the campaign it names, else the last deed, else the last message.

A deed is what a person does with a message: a link followed, an answer, a call, a visit, an offer accepted. Opened letters are
none, since machines open them. A message counts while it was not returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from dialogue.customers.timeline.attribution import DEEDS
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.marketing.attribution.models import Rule, What
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of


@frozen
class Windows:
    """How many days before a purchase a deed, and how many a mere message, may lie."""

    deed: int
    delivered: int


def windows_of(company: Tenant) -> Windows:
    """Return the company's windows."""
    return Windows(int(setting_of(company, "attribution_deed_days")), int(setting_of(company, "attribution_delivered_days")))


# The purchases or deals asked about, as `(id, party, at, source, coupon's campaign, entry and touch, whether one came)`.
ASKED = {
    What.PURCHASE: """SELECT p.id, coalesce(p.party_id, u.party_id) AS party, p.at, p.source, s.source AS given,
        u.entry AS used, u.touch AS under, u.id IS NOT NULL AS came
      FROM purchases_purchase p
      LEFT JOIN promotions_use u
        ON u.tenant_id = p.tenant_id AND u.purchase = ANY(%(ids)s) AND u.purchase = p.id AND u.verdict = 'counts'
      LEFT JOIN promotions_series s ON s.tenant_id = u.tenant_id AND s.id = u.series_id
      WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) AND NOT p.is_return""",
    What.DEAL: """SELECT p.id, coalesce(p.contact_id, p.company_id) AS party, p.created_at AS at, p.source,
        NULL::bigint AS given, NULL::bigint AS used, NULL::bigint AS under, false AS came
      FROM deals_deal p WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) AND p.deleted_at IS NULL""",
}
# Everything said and answered is put in one line with the purchases, party by party, and the last of each sort is carried along
# as numbers: one scan and one sort whatever the number, and no join whose way a planner could choose wrongly.
FOUND = """
WITH asked AS MATERIALIZED ({asked}),
returned AS MATERIALIZED (
  SELECT touch FROM timeline_entry WHERE tenant_id = %(tenant)s AND party_id = ANY(%(parties)s) AND kind = 'returned'
    AND touch IS NOT NULL AND at > %(lower)s),
line AS (
  SELECT party, at, id, source, given, used, under, came, event,
    CASE WHEN event THEN ARRAY[row_number() OVER (PARTITION BY party ORDER BY at, event DESC, id), id, touch, source,
      (extract(epoch FROM at) * 1000000)::bigint] END AS told,
    deed
  FROM (
    SELECT e.party_id AS party, e.at, e.id, e.source, e.touch, e.side = 'in' AS deed, true AS event,
      NULL::bigint AS given, NULL::bigint AS used, NULL::bigint AS under, NULL::boolean AS came
    FROM timeline_entry e LEFT JOIN channels_delivery d
      ON d.tenant_id = %(tenant)s AND e.side = 'out' AND e.ref_kind = 'delivery' AND d.id = e.ref_id
    WHERE e.tenant_id = %(tenant)s AND e.party_id = ANY(%(parties)s) AND e.at > %(lower)s AND e.at <= %(upper)s
      AND ((e.side = 'in' AND e.kind = ANY(%(deeds)s) AND (e.touch IS NOT NULL OR e.source IS NOT NULL))
        OR (e.side = 'out' AND e.kind <> 'call_missed' AND (d.id IS NULL OR d.state = 'accepted')
          AND e.id NOT IN (SELECT touch FROM returned)))
    UNION ALL
    SELECT party, at, id, source, NULL, NULL, false, given, used, under, came FROM asked WHERE party IS NOT NULL) both_sides),
brought AS (
  SELECT *, CASE WHEN came THEN 'coupon' WHEN source IS NOT NULL THEN 'named'
    WHEN to_timestamp(answered[5] / 1000000.0) > at - make_interval(days => %(deed)s) THEN 'deed'
    WHEN to_timestamp(said[5] / 1000000.0) > at - make_interval(days => %(delivered)s) THEN 'delivered' END AS rule
  FROM (
    SELECT *, max(told) FILTER (WHERE deed) OVER before AS answered, max(told) FILTER (WHERE NOT deed) OVER before AS said
    FROM line WINDOW before AS (PARTITION BY party ORDER BY at, event DESC, id)) carried WHERE NOT event)
INSERT INTO attribution_attribution (tenant_id, what, ref, party_id, at, source, touch, entry, rule, days, within)
SELECT %(tenant)s, %(what)s, id, party, at,
  CASE rule WHEN 'coupon' THEN given WHEN 'named' THEN source WHEN 'deed' THEN answered[4] ELSE said[4] END,
  CASE rule WHEN 'coupon' THEN under WHEN 'deed' THEN answered[3] WHEN 'delivered' THEN said[2] END,
  CASE rule WHEN 'coupon' THEN used WHEN 'deed' THEN answered[2] WHEN 'delivered' THEN said[2] END,
  rule,
  CASE rule WHEN 'deed' THEN extract(day FROM at - to_timestamp(answered[5] / 1000000.0))
    WHEN 'delivered' THEN extract(day FROM at - to_timestamp(said[5] / 1000000.0)) ELSE 0 END,
  CASE rule WHEN 'deed' THEN %(deed)s WHEN 'delivered' THEN %(delivered)s ELSE 0 END
FROM brought WHERE rule IS NOT NULL"""
# A mere message is a weak sign: it is kept here, but the purchase does not stand under it as if it were its answer.
KEPT = "SELECT ref, rule, touch, source FROM attribution_attribution WHERE tenant_id = %(tenant)s AND what = %(what)s AND ref = ANY(%(ids)s)"
NAMED = "SELECT id, source FROM purchases_purchase WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s) AND NOT is_return"
SHOWN = """SELECT id, at, ref_id, touch, source FROM timeline_entry
WHERE tenant_id = %(tenant)s AND ref_kind = 'purchase' AND ref_id = ANY(%(ids)s) AND kind = 'bought'
  AND at BETWEEN %(first)s AND %(upper)s"""
MOVE = """UPDATE timeline_entry e SET touch = x.touch, source = x.source
FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[]) AS x(id, at, touch, source)
WHERE e.tenant_id = %s AND e.id = x.id AND e.at = x.at"""


def _place(named: int | None, rule: str, touch: int | None, source: int | None) -> tuple[int | None, int | None]:
    """Return under which touch and campaign a purchase stands."""
    return touch if rule in {Rule.COUPON, Rule.DEED} else None, named or (source if rule != Rule.DELIVERED else None)


def _follow_on_the_timeline(cursor: Any, values: dict[str, Any]) -> None:
    """Put the entries of purchases under what brought them; only those that stand elsewhere are written."""
    cursor.execute(KEPT, values)
    kept = {ref: (rule, touch, source) for ref, rule, touch, source in cursor.fetchall()}
    cursor.execute(NAMED, values)
    wanted = {pk: _place(source, *kept.get(pk, ("", None, None))) for pk, source in cursor.fetchall()}
    cursor.execute(SHOWN, values)
    moved = [
        (pk, at, *wanted[ref]) for pk, at, ref, *there in cursor.fetchall() if ref in wanted and tuple(there) != wanted[ref]
    ]
    if moved:
        cursor.execute(MOVE, [*(list(column) for column in zip(*moved, strict=True)), values["tenant"]])


def attribute_some(what: str, ids: Sequence[int], windows: Windows) -> int:
    """Attribute the named purchases or deals anew and return how many something of ours brought."""
    if not ids:
        return 0
    values: dict[str, Any] = {"tenant": current_tenant(), "what": str(what), "ids": list(ids), "deeds": list(DEEDS)}
    values |= {"deed": windows.deed, "delivered": windows.delivered}
    asked = ASKED[What(what)]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM attribution_attribution WHERE tenant_id = %(tenant)s AND what = %(what)s AND ref = ANY(%(ids)s)",
            values,
        )
        cursor.execute(f"SELECT array_agg(DISTINCT party), min(at), max(at) FROM ({asked}) p WHERE party IS NOT NULL", values)
        parties, first, last = cursor.fetchone() or (None, None, None)
        if not parties or first is None:
            return 0
        lower = first - timedelta(days=max(windows.deed, windows.delivered))
        values |= {"parties": parties, "first": first, "lower": lower, "upper": last}
        cursor.execute(FOUND.format(asked=asked), values)
        found = int(cursor.rowcount)
        if what == What.PURCHASE:
            _follow_on_the_timeline(cursor, values)
    return found
