"""How fast letters of mailings go to one mail domain: a pace shared by all workers, and a rest where a domain asks for one.

A letter to a domain takes the next place of its pace (a bucket that holds a minute's letters); when that place lies ahead, the
letter is `reserved` for it. A domain that answers "not now" gets a rest that doubles with each time. Both stand in one row per
domain, locked while places are given out, so that any number of workers keep one pace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection

from dialogue.customers.channels.models import Delivery, DomainPace, State
from dialogue.kit.scope import current_tenant
from dialogue.platform.mail.transport import Outcome, Result
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of

BUCKET = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=2)
# RFC 3463: x.7.x is policy (too fast, too much), x.3.x the system, x.4.x the network; 421 closes the door itself.
SLOW_DOWN = re.compile(r"\b4\.(?:7|3|4)\.\d{1,3}\b")
KEEP = """
INSERT INTO channels_domainpace (tenant_id, domain, failures, words)
SELECT %s, domain, 0, '' FROM unnest(%s::text[]) domain ON CONFLICT (tenant_id, domain) DO NOTHING
"""


def domain_of(row: Delivery) -> str:
    """Return the domain a delivery goes to, as it is compared."""
    return row.address.rpartition("@")[2].lower()[:253]


# Asked for each window of letters: the ORM takes longer to write it than PostgreSQL to answer.
PACES = """
SELECT id, domain, next_at, until, failures, words FROM channels_domainpace
WHERE tenant_id = %s AND domain = ANY(%s::text[]) ORDER BY domain FOR UPDATE
"""
LOADED = ("id", "tenant_id", "domain", "next_at", "until", "failures", "words")


def places_for(rows: Sequence[Delivery], company: Tenant, now: datetime) -> tuple[dict[int, datetime], bool]:
    """Return until when deliveries must wait because their domain's pace or rest says so, and whether any domain has rested.

    Those that may go are left out.
    """
    per_minute = int(setting_of(company, "mail_per_domain"))
    domains = {domain_of(row) for row in rows}
    paces = _locked(domains, make=bool(per_minute))
    waits: dict[int, datetime] = {}
    for row in rows:
        pace = paces.get(domain_of(row))
        if pace is None:
            continue
        place = _place(row, pace, per_minute, now)
        if place > now:
            waits[row.id] = place
    if per_minute:
        DomainPace.objects.bulk_update(paces.values(), ["next_at"])
    return waits, any(pace.failures for pace in paces.values())


def _place(row: Delivery, pace: DomainPace, per_minute: int, now: datetime) -> datetime:
    rested = pace.until if pace.until is not None and pace.until > now else None
    if row.state == State.RESERVED and rested is None:
        return now
    if not per_minute:
        return rested or now
    begin = max(pace.next_at or now, rested or now)
    pace.next_at = begin + timedelta(minutes=1) / per_minute
    # A rest begins its pace anew; without one a minute's letters may go at once.
    return max(begin if rested else begin - BUCKET, now)


def _locked(domains: Iterable[str], *, make: bool) -> dict[str, DomainPace]:
    wanted = sorted(domains)
    if make:
        with connection.cursor() as cursor:
            cursor.execute(KEEP, [current_tenant(), wanted])
    tenant = current_tenant()
    with connection.cursor() as cursor:
        cursor.execute(PACES, [tenant, wanted])
        found = [DomainPace.from_db(connection.alias, LOADED, [pk, tenant, *rest]) for pk, *rest in cursor.fetchall()]
    return {pace.domain: pace for pace in found}


def asks_for_rest(result: Result) -> bool:
    """Return whether an answer tells that the whole domain wants no letters now, not only this mailbox."""
    if result.outcome is not Outcome.DEFERRED or not 400 <= result.code <= 499:
        return False
    return result.code == 421 or SLOW_DOWN.search(result.text) is not None


def note_pace(rows: Sequence[Delivery], results: Mapping[int, Result], now: datetime, *, rested: bool) -> None:
    """Give a rest to the domains that asked for one, each time twice as long; forget it where letters are taken again.

    `rested` says whether any of the domains had a rest when the letters got their places.
    """
    asked: dict[str, str] = {}
    took: set[str] = set()
    for row in rows:
        result = results[row.id]
        if asks_for_rest(result):
            asked[domain_of(row)] = result.text
        elif result.outcome is Outcome.ACCEPTED:
            took.add(domain_of(row))
    paces = _locked(asked, make=True) if asked else {}
    for domain, pace in paces.items():
        if pace.until is None or pace.until <= now:
            pace.failures += 1
            pace.until = now + min(LONGEST_REST, timedelta(minutes=2 ** (pace.failures - 1)))
            pace.words = asked[domain][:300]
    if paces:
        DomainPace.objects.bulk_update(paces.values(), ["failures", "until", "words"])
    if rested:
        over = DomainPace.objects.filter(domain__in=sorted(took - asked.keys()), failures__gt=0, until__lte=now)
        over.update(failures=0, until=None, words="")
