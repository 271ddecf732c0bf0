"""Campaigns of the time before: what an import of touches and answers tells of them becomes campaigns with their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import connection
from django.db.models import Count, Max, Min
from django.utils.translation import gettext as _

from dialogue.customers.sources.models import Source, SourceKind
from dialogue.customers.timeline.models import Entry, Side
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.marketing.campaigns.actions import LONGEST_NAME, create_campaign
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, CampaignState, Decision, Run
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.signals import CampaignFact, campaign_changed
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.opened import open_company

MOST = 500
REACHED = f"""
INSERT INTO campaigns_person (tenant_id, run_id, party_id, point_id, decision, reason, arm)
SELECT %s, %s, e.party_id, NULL, {Decision.INCLUDED}, 0, 'a' FROM timeline_entry e
WHERE e.tenant_id = %s AND e.source = %s AND e.side = 'out' GROUP BY e.party_id ORDER BY e.party_id
"""


@frozen
class Past:
    """A campaign that no page here planned: how many people it reached, and when."""

    source: Source
    people: int
    first: datetime
    last: datetime

    def days(self, company: Tenant) -> tuple[date, date]:
        """Return its first and last day: those written with it, else those of its touches."""
        first, last = (at.astimezone(company.zone).date() for at in (self.first, self.last))
        begun = self.source.started_on or first
        return begun, max(begun, self.source.ended_on or last)


def past_sources() -> list[Past]:
    """Return the campaigns that touches name and that are no campaigns here yet, the newest first."""
    planned = Campaign.with_bin.values("source")
    known = Source.objects.filter(kind=SourceKind.ACTIVITY, parent=None).exclude(pk__in=planned)
    named = {one.pk: one for one in known}
    touched = Entry.objects.filter(side=Side.OUT, source__in=list(named)).order_by().values("source")
    found = touched.annotate(people=Count("party", distinct=True), first=Min("at"), last=Max("at"))
    past = [Past(named[one["source"] or 0], one["people"], one["first"], one["last"]) for one in found]
    return sorted(past, key=lambda one: (one.last, one.source.pk), reverse=True)[:MOST]


@action(permission=CampaignPermission.WRITE)
def take_over_past(sources: Sequence[int], *, by: Actor) -> list[Campaign]:
    """Make finished campaigns of what was done before, its people those who were touched; return them.

    Nobody was held out, so such a campaign has figures and no effect.

    Raises:
        InvalidInput: one of the sources is no campaign of the past.
    """
    past = {one.source.pk: one for one in past_sources()}
    if not sources or not set(sources) <= set(past):
        raise InvalidInput({"sources": _("Choose campaigns of the list.")})
    company = open_company()
    return [_taken_over(past[pk], company, by) for pk in dict.fromkeys(sources)]


def _taken_over(one: Past, company: Tenant, by: Actor) -> Campaign:
    starts_on, ends_on = one.days(company)
    name = _free_name(one.source.name)
    row = create_campaign(name, by=by, source=one.source.pk, starts_on=starts_on, ends_on=ends_on)
    # An empty seed: chance decided nothing.
    run = Run.objects.create(campaign=row, seed="", frozen_at=one.first, by_label=by.label)
    with connection.cursor() as cursor:
        cursor.execute(REACHED, [current_tenant(), run.pk, current_tenant(), one.source.pk])
        reached = cursor.rowcount
    run.counts = replace(Audience(), included=reached, arms={"a": reached}).kept()
    run.save(update_fields=["counts", "updated_at"])
    row.state, row.launched_at, row.finished_at = CampaignState.DONE, one.first, one.last
    row.save(update_fields=["state", "launched_at", "finished_at", "updated_at"])
    record(by, "campaign.taken_over", row, people=reached)
    campaign_changed.tell(CampaignFact(row, by))
    return row


def _free_name(name: str) -> str:
    """Return the name, or the first with a number behind it that no campaign has."""
    short = " ".join(name.split())[: LONGEST_NAME - 6]
    taken = set(Campaign.objects.filter(fold__startswith=short.casefold()).values_list("fold", flat=True))
    whole = " ".join(name.split())[:LONGEST_NAME]
    numbered = (f"{short} ({number})" for number in range(2, len(taken) + 3))
    return next(one for one in (whole, *numbered) if one.casefold()[:LONGEST_NAME] not in taken)
