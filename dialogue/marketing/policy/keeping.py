"""The company's contact policy, and the SQL by which many people are judged at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dialogue.kit.scope import current_tenant
from dialogue.kit.zones import zone_names, zone_of, zones_of_countries
from dialogue.marketing.policy.rules import CAP, DAYS, FROM, TO, Policy, allowed_from
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of

NAMES = {"cap": "policy_cap", "days": "policy_days", "start": "policy_from", "end": "policy_to"}
DEFAULTS = {"policy_cap": CAP, "policy_days": DAYS, "policy_from": FROM, "policy_to": TO}
# What goes, or may have gone. A refused or cancelled letter bothered nobody.
COUNTED = ("planned", "reserved", "claimed", "handed", "accepted", "deferred", "unknown")
CAPPED = """
SELECT party_id, count(*) FROM (
  SELECT d.party_id FROM channels_delivery d
  LEFT JOIN channels_mailing m ON m.tenant_id = d.tenant_id AND m.id = d.mailing_id
  WHERE d.tenant_id = %s AND coalesce(d.channel, m.channel, 'email') = 'email'
    AND coalesce(d.purpose, m.purpose) = 'marketing'
    AND d.state = ANY(%s) AND coalesce(d.settled_at, d.due_at, d.lease_until) > %s
  UNION ALL
  SELECT unnest(b.parties) FROM channels_bundle b JOIN channels_mailing m ON m.tenant_id = b.tenant_id AND m.id = b.mailing_id
  WHERE b.tenant_id = %s AND m.channel = 'email' AND m.purpose = 'marketing' AND b.due_at > %s) had
GROUP BY party_id HAVING count(*) >= %s
"""


def policy_of(company: Tenant) -> Policy:
    """Return the company's contact policy."""
    return Policy(**{field: setting_of(company, name) for field, name in NAMES.items()})


def capped_sql(policy: Policy, now: datetime) -> tuple[str, list[Any]]:
    """Return the statement of who had, or is about to get, as many letters as the policy allows: (customer, how many)."""
    tenant, since = current_tenant(), now - policy.window
    return CAPPED, [tenant, list(COUNTED), since, tenant, since, policy.cap]


def due_sql(policy: Policy, moment: datetime, company: Tenant) -> tuple[str, list[Any], datetime]:
    """Return the statement of (place, due_at), and when all others are due.

    A place is a time zone or a country that has one: no name of a zone is that of a country.
    """
    due = {zone: allowed_from(moment, zone_of(zone, "", company.zone), policy) for zone in zone_names()}
    due |= {country: allowed_from(moment, zone_of("", country, company.zone), policy) for country in zones_of_countries()}
    sql = "SELECT * FROM unnest(%s::text[], %s::timestamptz[]) AS due (place, due_at)"
    return sql, [list(due), list(due.values())], allowed_from(moment, company.zone, policy)
