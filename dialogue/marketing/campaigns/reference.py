"""What earlier campaigns let one expect: rates with their n, and the plan they give for so many people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.kit.frozen import frozen
from dialogue.kit.statistics import Interval, rate_interval
from dialogue.marketing.campaigns.actions import change_campaign, locked
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, CampaignState, CostLine, Run, Side
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.steps import came_of, medians_of, share_at
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action

# By themselves: those of the same goal within two years, else the newest few.
BACK, SAME_GOAL, NEWEST, MOST = timedelta(days=730), 10, 5, 30


@frozen
class Reference:
    """What several finished campaigns came to together; `income` and `cost` are in the company's currency.

    `steps` holds the median share at each step of the funnel with the number of campaigns that know it (`steps.py`).
    """

    names: Sequence[str] = ()
    addressed: int = 0
    reached: int = 0
    answered: int = 0
    deals: int = 0
    income: float = 0.0
    cost: float = 0.0
    steps: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to compare with."""
        return self.reached > 0

    @property
    def reach(self) -> float:
        """The share of those in the segments who were reached."""
        return self.reached / self.addressed if self.addressed else 1.0

    @property
    def answers(self) -> Interval | None:
        """The share of those reached who answered, with its 95 % interval; None of nobody."""
        return rate_interval(min(self.answered, self.reached), self.reached) if self.reached else None

    def at(self, step: str) -> float | None:
        """Return the median share at a step of the funnel, None where too few campaigns know it."""
        return share_at(self.steps, step)

    def expected(self, people: int) -> dict[str, float | None]:
        """Return what so many people reached would come to at these rates: answers, deals, income and costs."""
        if not self.reached:
            return dict.fromkeys(("people", "responses", "deals", "revenue", "cost"))
        share = people / self.reached
        return {
            "people": people, "responses": self.answered * share, "deals": self.deals * share,
            "revenue": self.income * share, "cost": self.cost * share,
        }  # fmt: skip

    def kept(self) -> dict[str, Any]:
        """Return it as a run keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Reference:
        """Return what a run kept, an empty one where it kept nothing."""
        return cls(**kept) if kept else cls()


def past_campaigns(by: Actor, but: Campaign | None = None) -> list[Campaign]:
    """Return the finished campaigns the actor sees, the newest first, to choose from."""
    rows = Campaign.objects.visible_to(by).filter(state=CampaignState.DONE, launched_at__isnull=False)
    if but is not None:
        rows = rows.exclude(pk=but.pk).filter(currency=but.currency)
    return list(rows.order_by("-launched_at", "-pk")[:MOST])


def chosen_for(campaign: Campaign, by: Actor) -> list[Campaign]:
    """Return the campaigns a campaign is compared with: those chosen by hand, else those of the same goal, else the newest."""
    rows = past_campaigns(by, campaign)
    if campaign.reference:
        return [one for one in rows if one.pk in campaign.reference]
    since = timezone.now() - BACK
    recent = [one for one in rows if one.launched_at and one.launched_at > since]
    goal = " ".join(campaign.goal.casefold().split())
    same = [one for one in recent if goal and " ".join(one.goal.casefold().split()) == goal]
    return same[:SAME_GOAL] or recent[:NEWEST]


def reference_of(campaigns: Sequence[Campaign]) -> Reference:
    """Return what finished campaigns came to together, counted by a few set statements."""
    last = Run.objects.filter(campaign=OuterRef("campaign")).order_by("-number").values("pk")[:1]
    runs = list(Run.objects.filter(campaign__in=campaigns, pk=Subquery(last)).select_related("campaign"))
    if not runs:
        return Reference()
    came = came_of(runs)
    spent = CostLine.objects.filter(campaign__in=campaigns).aggregate(sum=Sum("spent"))["sum"] or Decimal(0)
    return Reference(
        names=[one.campaign.name for one in runs],
        addressed=sum(one.addressed for one in came),
        reached=sum(one.included for one in came),
        answered=sum(one.answered for one in came),
        deals=sum(one.deals for one in came),
        income=sum(one.income for one in came),
        cost=float(spent),
        steps=medians_of(came),
    )


def people_of(campaign: Campaign, reference: Reference) -> int | None:
    """Return how many the campaign may reach: as planned, else by its segments' sizes and the share reached before."""
    if campaign.plan_people is not None:
        return int(campaign.plan_people)
    lines = CampaignSegment.objects.filter(campaign=campaign, side=Side.INCLUDE).values_list("segment__size", flat=True)
    size = sum(one or 0 for one in lines)
    return round(size * reference.reach) if size else None


@action(permission=CampaignPermission.WRITE)
def choose_reference(campaign: Campaign, campaigns: Sequence[int], *, by: Actor) -> Campaign:
    """Compare a campaign with these finished ones (ids), none: with those that fit by themselves; return it.

    Raises:
        InvalidInput: one of them is no finished campaign the actor sees.
        Conflict: the people are frozen, and the comparison with them.
    """
    row = locked(campaign, by)
    if not row.is_draft:
        raise Conflict(_("The people of this campaign are frozen: this can no longer be changed."), field="reference")
    wanted = sorted(set(campaigns))
    if not set(wanted) <= {one.pk for one in past_campaigns(by, row)}:
        raise InvalidInput({"reference": _("Choose finished campaigns of the list.")})
    if wanted != row.reference:
        before, row.reference = row.reference, wanted
        row.save(update_fields=["reference", "updated_at"])
        record(by, "campaign.changed", row, changes={"reference": [before, wanted]})
    return row


@action(permission=CampaignPermission.WRITE)
def plan_by_reference(campaign: Campaign, *, by: Actor) -> Campaign:
    """Fill what the plan leaves empty with what earlier campaigns let one expect; return the campaign.

    Raises:
        Conflict: there is nothing to compare with, or nobody in the segments yet.
    """
    row = locked(campaign, by)
    reference = reference_of(chosen_for(row, by))
    people = people_of(row, reference)
    if not reference.is_known or not people:
        raise Conflict(_("To plan by earlier campaigns choose segments, and have a finished campaign to compare with."))
    expected = reference.expected(people)
    fields: dict[str, Any] = {}
    for name, value in expected.items():
        if getattr(row, f"plan_{name}") is None and value is not None:
            fields[f"plan_{name}"] = Decimal(round(value)) if name in {"revenue", "cost"} else round(value)
    return change_campaign(row, by=by, **fields) if fields else row
