"""What came of a campaign: people at each step, money beside those held out, costs per contact, and whether the split holds.

Income counts paid purchases only, returns taken off, in the campaign's currency and within its period. Everything is read
by set statements and carries its moment; a large campaign's figures are kept and counted anew every ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db import connection
from django.utils import timezone

from dialogue.customers.channels.models import State
from dialogue.kit.frozen import record
from dialogue.kit.scope import current_tenant
from dialogue.kit.statistics import Interval, Sample, means_differ, rate_interval, split_p
from dialogue.marketing.attribution.figures import brought_by
from dialogue.marketing.attribution.models import What
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, Decision, Run
from dialogue.platform.tenants.opened import open_company

# Where no end is set, purchases count so many days from the launch.
DAYS = 30
# Above so many people figures are kept, not counted for each reader.
LIVE = 20_000
# Below this p a split by chance is not believed (the usual line of experiment platforms).
MISMATCH = 0.001
# What is an answer of a machine, or not the one a campaign asks for.
SILENT = ("returned", "unsubscribed", "marked_spam", "opened")
MONEY = f"""
WITH spent AS (
    SELECT u.party_id, sum(u.amount) AS total FROM purchases_purchase u
    WHERE u.tenant_id = %s AND u.at >= %s AND u.at < %s AND u.currency = %s AND u.party_id IS NOT NULL GROUP BY u.party_id
)
SELECT p.decision, p.arm, p.letter, count(*), count(*) FILTER (WHERE s.total > 0), coalesce(sum(s.total), 0), coalesce(sum(s.total ^ 2), 0)
FROM campaigns_person p LEFT JOIN spent s ON s.party_id = p.party_id
WHERE p.tenant_id = %s AND p.run_id = %s AND p.decision IN ({Decision.INCLUDED}, {Decision.HELD_OUT})
GROUP BY p.decision, p.arm, p.letter
"""
# Only asked where some people got a letter of their own.
BY_LETTER = f"""
SELECT p.letter, count(DISTINCT e.party_id) FILTER (WHERE e.kind = 'link_followed'),
    count(DISTINCT e.party_id) FILTER (WHERE e.kind <> ALL(%s))
FROM timeline_entry e JOIN campaigns_person p ON p.tenant_id = e.tenant_id AND p.party_id = e.party_id
WHERE e.tenant_id = %s AND e.source = %s AND e.side = 'in' AND p.run_id = %s AND p.decision = {Decision.INCLUDED} GROUP BY p.letter
"""
HEARD = """
SELECT e.kind, count(DISTINCT e.party_id) FROM timeline_entry e
WHERE e.tenant_id = %s AND e.source = %s AND e.side = 'in' GROUP BY e.kind
UNION ALL
SELECT '', count(DISTINCT e.party_id) FROM timeline_entry e
WHERE e.tenant_id = %s AND e.source = %s AND e.side = 'in' AND e.kind <> ALL(%s)
"""


SPENT = "SELECT sum(spent) FROM campaigns_costline WHERE tenant_id = %s AND campaign_id = %s"
SENT = f"SELECT count(*) FROM channels_delivery WHERE tenant_id = %s AND mailing_id = %s AND state = '{State.ACCEPTED}'"


@record
class Group:
    """One group of people in the period: how many, how many of them bought, what they paid together, and its squares."""

    n: int = 0
    buyers: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def sample(self) -> Sample:
        """The revenue per person."""
        return Sample.of_sums(self.n, self.total, self.squares)

    @property
    def share(self) -> Interval | None:
        """The share of buyers with its interval, None of nobody."""
        return rate_interval(self.buyers, self.n) if self.n else None

    def plus(self, other: Group) -> Group:
        """Return both groups together."""
        return Group(self.n + other.n, self.buyers + other.buyers, self.total + other.total, self.squares + other.squares)


@record
class LetterResult:
    """What came of one letter: the group that got it, how many of it followed a link and answered in any way."""

    group: Group = field(default_factory=Group)
    followed: int = 0
    answered: int = 0


@record
class Result:
    """What came of a campaign by a moment. `heard` counts people by kind of answer, `answered` those of any human answer.

    `brought` holds the lines of attribution (`attribution/figures.py`): thing, rule, currency, number, customers, sum.
    """

    at: str
    since: str
    until: str
    addressed: int = 0
    included: int = 0
    held_out: int = 0
    excluded: int = 0
    sent: int = 0
    heard: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    deals: int = 0
    won: int = 0
    spent: str = "0"
    brought: list[dict[str, Any]] = field(default_factory=list)
    arms: dict[str, Group] = field(default_factory=dict)
    held: Group = field(default_factory=Group)
    hold_out: int = 0
    past: bool = False
    letters: dict[str, LetterResult] = field(default_factory=dict)

    @property
    def reached(self) -> Group:
        """All who got a letter, whichever."""
        whole = Group()
        for one in self.arms.values():
            whole = whole.plus(one)
        return whole

    @property
    def moment(self) -> datetime:
        """When it was counted."""
        return datetime.fromisoformat(self.at)

    @property
    def period(self) -> tuple[datetime, datetime]:
        """From when until when purchases count."""
        return datetime.fromisoformat(self.since), datetime.fromisoformat(self.until)

    @property
    def effect(self) -> Interval | None:
        """The difference of revenue per person, reached less held out, with its 95 % interval (Welch); None without a group."""
        return means_differ(self.reached.sample, self.held.sample)

    @property
    def gain(self) -> Interval | None:
        """The revenue the campaign brought beyond what would have come anyway, with its interval."""
        found = self.effect
        if found is None:
            return None
        n = self.reached.n
        return Interval(found.estimate * n, found.low * n, found.high * n, found.level)

    @property
    def is_split_right(self) -> bool | None:
        """Whether reached and held out stand as the hash should have split them; None where nobody was held out."""
        if not self.hold_out or not self.included + self.held_out:
            return None
        return split_p([self.included, self.held_out], [100 - self.hold_out, self.hold_out]) >= MISMATCH

    def attributed(self, currency: str) -> tuple[int, Decimal]:
        """Return how many customers' purchases are attributed to the campaign, and their sum in the currency."""
        lines = [one for one in self.brought if one["what"] == What.PURCHASE and one["currency"] == currency]
        return sum(one["customers"] for one in lines), sum((Decimal(one["amount"]) for one in lines), Decimal(0))

    @property
    def cost(self) -> Decimal:
        """What was spent."""
        return Decimal(self.spent)

    def cost_per(self, count: int) -> Decimal | None:
        """Return what one of so many cost, None of nobody or nothing spent."""
        return self.cost / count if count and self.cost else None

    def kept(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Result:
        """Return what was kept."""
        groups = {arm: Group(**one) for arm, one in kept["arms"].items()}
        letters = {
            number: LetterResult(Group(**one["group"]), one["followed"], one["answered"])
            for number, one in kept.get("letters", {}).items()
        }
        return cls(**{**kept, "arms": groups, "held": Group(**kept["held"]), "letters": letters})


def period_of(campaign: Campaign, run: Run) -> tuple[datetime, datetime]:
    """Return from when until when purchases count: from the launch to the campaign's last day, else 30 days."""
    company = open_company()
    if campaign.ends_on:
        end = company.start_of(campaign.ends_on + timedelta(days=1))
        if end > run.frozen_at:
            return run.frozen_at, end
    return run.frozen_at, run.frozen_at + timedelta(days=DAYS)


def measure(campaign: Campaign, run: Run) -> Result:
    """Return what came of a campaign by now, counted by set statements."""
    now = timezone.now()
    since, until = period_of(campaign, run)
    frozen, tenant = Audience.of_run(run), current_tenant()
    made = Result(
        at=now.isoformat(), since=since.isoformat(), until=until.isoformat(), addressed=frozen.total, included=frozen.included,
        held_out=frozen.held_out, excluded=frozen.excluded, hold_out=run.hold_out, past=run.is_past,
    )  # fmt: skip
    own = bool(set(frozen.letters) - {"0"})
    asked: list[tuple[str, list[Any]]] = [
        (MONEY, [tenant, since, min(until, now), campaign.currency, tenant, run.pk]),
        (HEARD, [tenant, campaign.source, tenant, campaign.source, list(SILENT)]),
        (SPENT, [tenant, campaign.pk]),
        (SENT, [tenant, run.mailing]),
        *([(BY_LETTER, [list(SILENT), tenant, campaign.source, run.pk])] if own else []),
    ]
    with cast("Any", connection).asking(asked) as (spent, heard, costs, sent, *followed):
        _note_groups(made, spent.fetchall())
        made.spent = str(costs.fetchone()[0] or 0)
        made.sent = frozen.included if run.is_past else sent.fetchone()[0]
        made.heard = dict(heard.fetchall())
        for letter, clicked, answered in followed[0].fetchall() if own else ():
            told = made.letters.setdefault(str(letter), LetterResult())
            told.followed, told.answered = clicked, answered
    if not own:
        made.letters = {}
    made.answered = made.heard.pop("", 0)
    for one in brought_by([campaign.source]):
        made.brought.append(asdict(one) | {"amount": str(one.amount), "won_amount": str(one.won_amount)})
    made.deals = sum(one["count"] for one in made.brought if one["what"] == What.DEAL)
    made.won = sum(one["won"] for one in made.brought if one["what"] == What.DEAL)
    return made


def _note_groups(made: Result, rows: Iterable[tuple[int, str, int, int, int, Any, Any]]) -> None:
    """Put people and money of each decision, arm and letter where they belong."""
    for decision, arm, letter, n, buyers, total, squares in rows:
        group = Group(n, buyers, float(total), float(squares))
        if decision == Decision.HELD_OUT:
            made.held = made.held.plus(group)
            continue
        made.arms[arm] = made.arms.get(arm, Group()).plus(group)
        told = made.letters.setdefault(str(letter), LetterResult())
        told.group = told.group.plus(group)


def result_of(campaign: Campaign, run: Run) -> Result:
    """Return what came of a campaign: kept figures of a large one, else counted now."""
    if campaign.result and Audience.of_run(run).total > LIVE:
        return Result.of(campaign.result)
    return measure(campaign, run)


def keep_results(campaign: Campaign) -> bool:
    """Keep what a large campaign brought by now; return whether it is large enough to be kept."""
    run = Run.objects.newest_of(campaign)
    if run is None or Audience.of_run(run).total <= LIVE:
        return False
    Campaign.with_bin.filter(pk=campaign.pk).update(result=measure(campaign, run).kept())
    return True
