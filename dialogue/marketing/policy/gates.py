"""The contact policy just before letters are handed over: too many lately are stopped, quiet hours put off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from dialogue.customers.channels.ledger import on_their_way
from dialogue.customers.channels.models import Delivery, State
from dialogue.customers.parties.models import Party, Purpose
from dialogue.kit.zones import zone_of
from dialogue.marketing.policy.keeping import policy_of
from dialogue.marketing.policy.rules import Policy, allowed_from, is_quiet
from dialogue.platform.criteria.rules import any_of
from dialogue.platform.tenants.opened import open_company

CAP = "cap"
# What went, or may have gone. Letters that only wait were counted when the people were frozen.
GONE = (State.HANDED, State.ACCEPTED, State.UNKNOWN)


def had_lately(people: Sequence[int], policy: Policy, now: datetime) -> Counter[int]:
    """Return how many marketing letters went, or may have gone, to each of these customers within the policy's days."""
    when = Coalesce("settled_at", "lease_until", "due_at")
    marketing = Q(purpose=Purpose.MARKETING) | Q(purpose=None, mailing__purpose=Purpose.MARKETING)
    gone = Delivery.objects.filter(any_of("party_id", people), marketing, state__in=GONE).alias(when=when)
    had = Counter(dict(gone.filter(when__gt=now - policy.window).values_list("party_id").annotate(n=Count("pk"))))
    return had + on_their_way(people, Purpose.MARKETING)


def hold_back(deliveries: Sequence[Delivery]) -> Mapping[int, str | datetime]:
    """Return which letters of mailings may not go now: "cap" for who had enough, the next good moment in quiet hours."""
    rows = [one for one in deliveries if one.mailing_id and one.about == Purpose.MARKETING]
    if not rows:
        return {}
    company, now = open_company(), timezone.now()
    policy = policy_of(company)
    people = [one.party_id for one in rows]
    had = had_lately(people, policy, now)
    rows_of_people = Party.with_bin.filter(any_of("id", people)).values_list("pk", "time_zone", "country")
    places = {pk: (own, country) for pk, own, country in rows_of_people}
    held: dict[int, str | datetime] = {}
    for one in rows:
        zone = zone_of(*places.get(one.party_id, ("", "")), company.zone)
        if had[one.party_id] >= policy.cap:
            held[one.pk] = CAP
        elif is_quiet(now, zone, policy):
            held[one.pk] = allowed_from(now, zone, policy)
    return held
