"""How far earlier campaigns came at each step of the funnel: the median share, and of how many campaigns it is.

A step's share is of those reached; that of those reached is of all in the segments. What a campaign of the past could not
record is unknown, not nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median

from django.db import connection
from django.db.models import Count

from dialogue.customers.channels.models import Delivery, State
from dialogue.kit.frozen import record
from dialogue.kit.scope import current_tenant
from dialogue.marketing.attribution.figures import Brought, brought_by
from dialogue.marketing.attribution.models import What
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Decision, Run
from dialogue.marketing.campaigns.results import LIVE, SILENT, Result, period_of

# A median of fewer campaigns says nothing of the next one.
LEAST = 3
# Steps that nobody recorded of a campaign which was imported with nothing there.
RECORDED = ("opened", "followed", "answered", "deals", "attributed")
HEARD = """
SELECT e.source, e.kind, count(DISTINCT e.party_id) FROM timeline_entry e
WHERE e.tenant_id = %s AND e.source = ANY(%s) AND e.side = 'in' AND e.kind IN ('opened', 'link_followed') GROUP BY e.source, e.kind
UNION ALL
SELECT e.source, '', count(DISTINCT e.party_id) FROM timeline_entry e
WHERE e.tenant_id = %s AND e.source = ANY(%s) AND e.side = 'in' AND e.kind <> ALL(%s) GROUP BY e.source
"""
BOUGHT = f"""
SELECT run, coalesce(sum(total), 0), count(*) FILTER (WHERE total > 0) FROM (
    SELECT v.run, u.party_id, sum(u.amount) AS total
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[]) AS v (run, since, until, currency)
    JOIN campaigns_person p ON p.tenant_id = %s AND p.run_id = v.run AND p.decision = {Decision.INCLUDED}
    JOIN purchases_purchase u ON u.tenant_id = p.tenant_id AND u.party_id = p.party_id
        AND u.at >= v.since AND u.at < v.until AND u.currency = v.currency
    GROUP BY v.run, u.party_id) each
GROUP BY run
"""


@record
class Came:
    """People of one campaign at each step, and what those reached paid."""

    run: Run
    addressed: int = 0
    included: int = 0
    sent: int = 0
    opened: int = 0
    followed: int = 0
    answered: int = 0
    deals: int = 0
    attributed: int = 0
    bought: int = 0
    income: float = 0.0

    def shares(self) -> dict[str, float]:
        """Return the share at each step that is known of it; opens that nobody recorded are not."""
        found = {"included": self.included / self.addressed} if self.addressed else {}
        if not self.included:
            return found
        for name in ("sent", "opened", "followed", "answered", "deals", "attributed", "bought"):
            count = getattr(self, name)
            unknown = name == "sent" and self.run.is_past
            unknown |= not count and (name == "opened" or (self.run.is_past and name in RECORDED))
            if not unknown:
                found[name] = count / self.included
        return found


def medians_of(came: Sequence[Came]) -> dict[str, dict[str, float]]:
    """Return `{step: {"share": median, "n": campaigns that know it}}`."""
    shares: dict[str, list[float]] = {}
    for one in came:
        for name, share in one.shares().items():
            shares.setdefault(name, []).append(share)
    return {name: {"share": median(found), "n": len(found)} for name, found in shares.items()}


def share_at(steps: Mapping[str, Mapping[str, float]], name: str) -> float | None:
    """Return the median share at a step, None where fewer campaigns than `LEAST` know it."""
    found = steps.get(name)
    return float(found["share"]) if found and found["n"] >= LEAST else None


def came_of(runs: Sequence[Run]) -> list[Came]:
    """Return how far each of these runs came, by a few set statements; figures of large ones are those kept."""
    made, live = [], list[Came]()
    for run in runs:
        audience = Audience.of_run(run)
        one = Came(run, audience.total, audience.included)
        made.append(one)
        if run.campaign.result and audience.total > LIVE:
            _by_kept(one, Result.of(run.campaign.result))
        else:
            live.append(one)
    if live:
        _by_timeline(live)
        _by_letters(live)
        _by_purchases(live)
    brought = brought_by([one.run.campaign.source for one in made]) if made else []
    for one in made:
        _by_attribution(one, [line for line in brought if line.source == one.run.campaign.source])
    return made


def _by_kept(one: Came, result: Result) -> None:
    one.sent, one.answered = result.sent, result.answered
    one.opened, one.followed = result.heard.get("opened", 0), result.heard.get("link_followed", 0)
    one.bought, one.income = result.reached.buyers, result.reached.total


def _by_timeline(live: Sequence[Came]) -> None:
    sources, tenant = [one.run.campaign.source for one in live], current_tenant()
    with connection.cursor() as cursor:
        cursor.execute(HEARD, [tenant, sources, tenant, sources, list(SILENT)])
        heard = {(source, kind): count for source, kind, count in cursor.fetchall()}
    for one in live:
        source = one.run.campaign.source
        one.opened, one.followed = heard.get((source, "opened"), 0), heard.get((source, "link_followed"), 0)
        one.answered = heard.get((source, ""), 0)


def _by_letters(live: Sequence[Came]) -> None:
    mailings = [one.run.mailing for one in live if one.run.mailing]
    accepted = Delivery.objects.filter(mailing_id__in=mailings, state=State.ACCEPTED)
    sent = dict(accepted.values_list("mailing_id").annotate(n=Count("pk"))) if mailings else {}
    for one in live:
        one.sent = sent.get(one.run.mailing, 0)


def _by_purchases(live: Sequence[Came]) -> None:
    asked: list[tuple[int, datetime, datetime, str]] = [
        (one.run.pk, *period_of(one.run.campaign, one.run), one.run.campaign.currency) for one in live
    ]
    columns = [list(column) for column in zip(*asked, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(BOUGHT, [*columns, current_tenant()])
        bought = {run: (float(total), buyers) for run, total, buyers in cursor.fetchall()}
    for one in live:
        one.income, one.bought = bought.get(one.run.pk, (0.0, 0))


def _by_attribution(one: Came, lines: Sequence[Brought]) -> None:
    one.deals = sum(line.count for line in lines if line.what == What.DEAL)
    currency = one.run.campaign.currency
    one.attributed = sum(line.customers for line in lines if line.what == What.PURCHASE and line.currency == currency)
