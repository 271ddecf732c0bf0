"""What a launch now would do: whom it reaches, what stops it, what its result could show. A large company's is counted by a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.rows import etag_of
from dialogue.kit.scope import current_tenant
from dialogue.kit.statistics import smallest_lift
from dialogue.marketing.campaigns.freezing import Audience, count_audience, lines_of, people_in, wanted_sql
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.preflight import Preflight, look_before
from dialogue.marketing.campaigns.results import DAYS
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job

JOB = "campaigns.prepare"
# Up to so many people a campaign is counted and launched while its author waits.
FEW = 20_000
# How long a large campaign's counts are shown, with their moment, before they are counted anew.
FRESH = timedelta(hours=1)
BUYERS = """
SELECT count(*), count(*) FILTER (WHERE EXISTS (
    SELECT FROM purchases_purchase u WHERE u.tenant_id = %s AND u.party_id = w.id AND u.at > %s AND u.amount > 0
)) FROM (SELECT id FROM ({wanted}) all_of (id) LIMIT 20000) w
"""


@frozen
class Power:
    """What a comparison of so many people can show: the share of buyers before, and the smallest lift seen (80 % power)."""

    share: float
    lift: float
    reached: int
    held: int


@frozen
class Prepared:
    """What is known before the launch: who gets it, what is wrong, what can be shown."""

    audience: Audience
    preflight: Preflight
    power: Power | None


def prepare(campaign: Campaign, lines: Sequence[CampaignSegment] | None = None) -> Prepared:
    """Return whom a launch now would reach, hold out and leave out, what stops it, and what its result could show.

    `lines` are the campaign's segments, where they are known.

    Raises:
        RuleRefusal: a segment's rule names what is no longer there.
    """
    lines = lines_of(campaign) if lines is None else lines
    audience = count_audience(campaign, lines=lines)
    return Prepared(audience, look_before(campaign, audience, lines), _power(campaign, audience, lines))


def _power(campaign: Campaign, audience: Audience, lines: Sequence[CampaignSegment]) -> Power | None:
    if not audience.held_out or not audience.included:
        return None
    wanted, values = wanted_sql(campaign, lines=lines)
    since = timezone.now() - timedelta(days=DAYS)
    with connection.cursor() as cursor:
        cursor.execute(BUYERS.format(wanted=wanted), [current_tenant(), since, *values])
        people, buyers = cursor.fetchone()
    share = buyers / people if people else 0.0
    lift = smallest_lift(share, audience.included, audience.held_out)
    return Power(share, lift, audience.included, audience.held_out)


def is_large(lines: Sequence[CampaignSegment]) -> bool:
    """Return whether the launch of a campaign of these segments takes long enough for a job."""
    return people_in(lines) > FEW


def kept_of(campaign: Campaign, lines: Sequence[CampaignSegment] | None = None) -> Prepared | None:
    """Return what was counted ahead, while the campaign is as it was then and the counts are of this hour; else None."""
    kept = campaign.prepared
    if not kept or kept["etag"] != etag_of(campaign) or datetime.fromisoformat(kept["at"]) < timezone.now() - FRESH:
        return None
    audience = Audience.of_kept(kept["audience"], datetime.fromisoformat(kept["at"]))
    power = Power(**kept["power"]) if kept["power"] else None
    return Prepared(audience, look_before(campaign, audience, lines), power)


def last_count(campaign: Campaign) -> Job | None:
    """Return the newest job that counts, or counted, for the campaign within the hour, None where there is none."""
    jobs = Job.objects.filter(kind=JOB, arguments={"campaign": campaign.pk}, created_at__gt=timezone.now() - FRESH)
    found: Job | None = jobs.order_by("-pk").first()
    return found


@action(permission=CampaignPermission.LAUNCH)
def prepare_soon(campaign: Campaign, *, by: Actor) -> Job:
    """Count ahead by a background job whom a launch would reach; return the job, one that counts already if there is one."""
    known = last_count(campaign)
    if known is not None and known.is_open:
        return known
    title = _("Counting the people of “%(name)s”") % {"name": campaign.name}
    return start_job(JOB, title=title, by=by, arguments={"campaign": campaign.pk})


def run_prepare(run: JobRun, campaign: int) -> dict[str, Any]:
    """Count whom a launch would reach and keep it with the campaign; return the counts.

    Raises:
        RuleRefusal: a segment's rule names what is no longer there.
    """
    with transaction.atomic():
        row = Campaign.objects.get(pk=campaign)
        found = prepare(row)
        kept = {
            "at": found.audience.as_of.isoformat(),
            "etag": etag_of(row),
            "audience": found.audience.kept(),
            "power": asdict(found.power) if found.power else None,
        }
        Campaign.objects.filter(pk=row.pk).update(prepared=kept)
    return {"campaign": campaign, **found.audience.kept()}
