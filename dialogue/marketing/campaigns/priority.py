"""Which of two campaigns writes to a person where the contact policy allows one letter more: the one of higher priority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from dialogue.customers.channels.models import Delivery, State
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.kit.statement import Statement, one_of
from dialogue.marketing.campaigns.models import Campaign, CampaignState, Decision, Person, Run
from dialogue.marketing.policy.gates import had_lately
from dialogue.marketing.policy.keeping import policy_of
from dialogue.marketing.policy.rules import Policy
from dialogue.platform.criteria.rules import any_of
from dialogue.platform.embedded.writing import int_array
from dialogue.platform.tenants.opened import open_company

GAVE_WAY = "priority"
MOVING = (CampaignState.RUNNING, CampaignState.PAUSED)
# A letter that went, may have gone or will never go does not wait any more.
SETTLED = (State.HANDED, State.ACCEPTED, State.REFUSED, State.UNKNOWN, State.CANCELLED)
SETTLED_SQL = ", ".join(f"'{state}'" for state in SETTLED)
# Whom campaigns of higher priority reached, and how many letters of lower ones still wait for each.
CLAIMED = f"""
SELECT p.party_id, count(*) FILTER (WHERE p.run_id = ANY(%s::bigint[])) AS above, count(*) FILTER (
    WHERE p.run_id = ANY(%s::bigint[]) AND d.party_id IS NULL
) AS below
FROM campaigns_person p JOIN campaigns_run r ON r.tenant_id = p.tenant_id AND r.id = p.run_id
LEFT JOIN channels_delivery d ON d.tenant_id = p.tenant_id AND d.party_id = p.party_id AND d.mailing_id = r.mailing
    AND d.state IN ({SETTLED_SQL})
WHERE p.tenant_id = %s AND p.run_id = ANY(%s::bigint[]) AND p.decision = {Decision.INCLUDED} GROUP BY p.party_id
"""
NOBODY = "SELECT NULL::bigint, 0::bigint, 0::bigint WHERE false"

# Asked for each window of letters.
PRIORITIES = Statement(
    lambda mailing: Run.objects.filter(one_of("mailing", mailing)).values_list("mailing", "campaign__priority")
)


@frozen
class Neighbours:
    """Runs of campaigns of higher priority within the policy's days, {run: name}, and of lower ones whose letters still wait."""

    above: Mapping[int, str]
    below: Sequence[int]

    def claimed_sql(self) -> tuple[str, list[Any]]:
        """Return the statement of what these claim: (customer, letters of higher ones, waiting letters of lower ones)."""
        runs = [*self.above, *self.below]
        if not runs:
            return NOBODY, []
        return CLAIMED, [int_array(list(self.above)), int_array(list(self.below)), current_tenant(), int_array(runs)]


def neighbours_of(campaign: Campaign, policy: Policy, now: datetime) -> Neighbours:
    """Return the runs that claim people before the campaign does, and those that give way to it."""
    runs = Run.objects.exclude(mailing=None).exclude(campaign=campaign).exclude(campaign__state=CampaignState.CANCELLED)
    higher = Q(campaign__priority__gt=campaign.priority, frozen_at__gt=now - policy.window)
    lower = Q(campaign__priority__lt=campaign.priority, campaign__state__in=MOVING)
    found = list(runs.filter(higher | lower).values_list("pk", "campaign__name", "campaign__priority"))
    above = {pk: name for pk, name, priority in found if priority > campaign.priority}
    return Neighbours(above, [pk for pk, _name, priority in found if priority < campaign.priority])


def give_way(deliveries: Sequence[Delivery]) -> Mapping[int, str | datetime]:
    """Return which letters may not go: who has a letter of a higher campaign waiting, the last the policy allows, gets that one."""
    own = dict(PRIORITIES.rows(mailing=tuple({one.mailing_id for one in deliveries if one.mailing_id})))
    if not own:
        return {}
    higher = Run.objects.exclude(mailing=None).filter(campaign__state=CampaignState.RUNNING)
    found = list(higher.filter(campaign__priority__gt=min(own.values())).values_list("pk", "mailing", "campaign__priority"))
    if not found:
        return {}
    people = list({one.party_id for one in deliveries})
    waiting = _waiting(people, {run: mailing for run, mailing, _priority in found})
    priorities = {run: priority for run, _mailing, priority in found}
    policy = policy_of(open_company())
    had = had_lately(people, policy, timezone.now())
    held: dict[int, str | datetime] = {}
    for one in deliveries:
        mine = own.get(one.mailing_id or 0)
        if mine is not None:
            before = sum(1 for run in waiting.get(one.party_id, ()) if priorities[run] > mine)
            if before and had.get(one.party_id, 0) + before >= policy.cap:
                held[one.pk] = GAVE_WAY
    return held


def _waiting(people: Sequence[int], runs: Mapping[int, str | int | None]) -> dict[int, list[int]]:
    """Return the runs whose letter to each of these customers has not gone yet."""
    chosen = Person.objects.filter(any_of("party_id", people), run_id__in=list(runs)).reached()
    settled = set(
        Delivery.objects.filter(any_of("party_id", people), mailing__in=list(runs.values()), state__in=SETTLED).values_list(
            "party_id", "mailing_id"
        )
    )
    found: dict[int, list[int]] = {}
    for party, run in chosen.values_list("party_id", "run_id"):
        if (party, runs[run]) not in settled:
            found.setdefault(party, []).append(run)
    return found
