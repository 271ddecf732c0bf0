"""Launching a campaign and holding it: freeze the people, plan their letters, pause, go on, finish, cancel."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.mailings import (
    cancel_mailing,
    open_mailing,
    pause_mailing,
    plan_deliveries,
    resume_mailing,
    start_mailing,
)
from dialogue.customers.channels.models import Mailing, MailingState
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, NotFound
from dialogue.kit.scope import current_tenant
from dialogue.marketing.campaigns.actions import locked, move
from dialogue.marketing.campaigns.freezing import freeze_people, seed_of
from dialogue.marketing.campaigns.letters import CAUSE
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, CampaignState, Decision, Run
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.preflight import look_before
from dialogue.marketing.campaigns.priority import neighbours_of
from dialogue.marketing.campaigns.reference import chosen_for, reference_of
from dialogue.marketing.campaigns.signals import CampaignFact, LaunchFact, campaign_changed, campaign_launched
from dialogue.marketing.campaigns.vouchers import issue_for
from dialogue.marketing.policy.keeping import due_sql, policy_of
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.accounts.models import User
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.opened import open_company

JOB = "campaigns.launch"
LETTERS = f"""
SELECT p.party_id, c.value, coalesce(d.due_at, %s::timestamptz), p.arm || CASE WHEN p.letter > 0 THEN p.letter::text ELSE '' END
FROM campaigns_person p JOIN parties_contactpoint c ON c.tenant_id = p.tenant_id AND c.id = p.point_id
JOIN parties_party y ON y.tenant_id = p.tenant_id AND y.id = p.party_id LEFT JOIN ({{due}}) d
    ON d.place = coalesce(nullif(y.time_zone, ''), y.country)
WHERE p.tenant_id = %s AND p.run_id = %s AND p.decision = {Decision.INCLUDED}
"""


@action(permission=CampaignPermission.LAUNCH)
def launch_campaign(campaign: Campaign, *, by: Actor) -> Run:
    """Freeze the people of a campaign and let its letters go; return the run.

    Raises:
        Conflict: it was launched before, or something must be mended first (`code` is "preflight").
        RuleRefusal: a segment's rule names what is no longer there.
    """
    row = locked(campaign, by)
    move(row, CampaignState.RUNNING)
    look_before(row).refuse()
    company = open_company()
    now, number = timezone.now(), Run.objects.filter(campaign=row).count() + 1
    policy = policy_of(company)
    run = Run.objects.create(
        campaign=row,
        number=number,
        seed=seed_of(row),
        frozen_at=now,
        policy=dict(policy.__dict__) | {"above": sorted(set(neighbours_of(row, policy, now).above.values()))},
        reference=reference_of(chosen_for(row, by)).kept(),
        by_label=by.label[:150],
    )
    counted = freeze_people(row, run)
    look_before(row, counted).refuse()
    # Who launches campaigns need not be allowed to write to everybody by hand: the mailing follows from the campaign.
    able = replace(by, everything=True)
    mailing = open_mailing(CAUSE, run.pk, title=row.name, source=row.source, identity=row.identity, by=able)
    plan_deliveries(mailing, letters_sql(row, run, company), by=able)
    issue_for(row, run, by=by)
    start_mailing(mailing, by=able)
    run.mailing = mailing.pk
    run.save(update_fields=["mailing", "updated_at"])
    for one in CampaignSegment.objects.filter(campaign=row).select_related("segment"):
        if one.segment is not None:
            one.version, one.size, one.name = one.segment.version, one.segment.size, one.segment.name
            one.save(update_fields=["version", "size", "name"])
    row.launched_at = now
    row.save()
    record(by, "campaign.launched", row, **counted.kept())
    campaign_launched.tell(LaunchFact(row, run, by))
    campaign_changed.tell(CampaignFact(row, by))
    return run


def letters_sql(campaign: Campaign, run: Run, company: Tenant) -> tuple[str, list[Any]]:
    """Return the statement of the letters to plan: to whom, where, when he may be written to, and which arm."""
    moment = run.frozen_at
    if campaign.starts_on is not None:
        moment = max(moment, company.start_of(campaign.starts_on))
    due, values, otherwise = due_sql(policy_of(company), moment, company)
    return LETTERS.format(due=due), [otherwise, *values, current_tenant(), run.pk]


@action(permission=CampaignPermission.LAUNCH)
def launch_soon(campaign: Campaign, *, by: Actor) -> Job:
    """Queue the launch as a background job and return it.

    Raises:
        Conflict: it was launched before, or something must be mended first.
    """
    row = locked(campaign, by)
    move(row, CampaignState.RUNNING)
    look_before(row).refuse()
    title = _("Launching the campaign “%(name)s”") % {"name": row.name}
    return start_job(JOB, title=title, by=by, arguments={"campaign": row.pk})


def run_launch(run: JobRun, campaign: int) -> dict[str, Any]:
    """Launch a campaign on behalf of who asked for it; return the counts. A second run of the job launches nothing twice.

    Raises:
        Refusal: as `launch_campaign`.
    """
    with transaction.atomic():
        user = User.objects.filter(pk=run.job.actor or 0).first()
        by = member_actor(user) if user else None
        row = Campaign.objects.filter(pk=campaign).first()
        if by is None or row is None:
            raise NotFound(_("This campaign is no longer here."))
        if row.is_draft:
            made = launch_campaign(row, by=by)
        else:
            made = Run.objects.filter(campaign=row).order_by("-number")[0]
    return {"campaign": row.pk, **made.counts}


def mailing_of(campaign: Campaign) -> Mailing | None:
    """Return the mailing of the campaign's last run, None where there is none."""
    run = Run.objects.filter(campaign=campaign).exclude(mailing=None).order_by("-number").first()
    return Mailing.objects.filter(pk=run.mailing or 0).first() if run else None


def is_moving(run: Run) -> bool:
    """Return whether letters of a run may still go."""
    mailing = Mailing.objects.filter(pk=run.mailing or 0).first()
    return mailing is not None and mailing.is_moving


def _moved(row: Campaign, event: str, by: Actor, **facts: Any) -> Campaign:
    row.save()
    record(by, event, row, **facts)
    campaign_changed.tell(CampaignFact(row, by))
    return row


@action(permission=CampaignPermission.LAUNCH)
def pause_campaign(campaign: Campaign, *, by: Actor) -> Campaign:
    """Hold the letters that have not gone and return the campaign.

    Raises:
        Conflict: it does not run.
    """
    row = locked(campaign, by)
    move(row, CampaignState.PAUSED)
    _moved(row, "campaign.paused", by)
    mailing = mailing_of(row)
    if mailing is not None and mailing.is_moving:
        pause_mailing(mailing, by=replace(by, everything=True))
    return row


@action(permission=CampaignPermission.LAUNCH)
def resume_campaign(campaign: Campaign, *, by: Actor) -> Campaign:
    """Let a paused campaign go on and return it.

    Raises:
        Conflict: it is not paused.
    """
    row = locked(campaign, by)
    if row.state != CampaignState.PAUSED:
        raise Conflict(_("Only a paused campaign can go on."))
    move(row, CampaignState.RUNNING)
    _moved(row, "campaign.resumed", by)
    mailing = mailing_of(row)
    if mailing is not None and mailing.state == MailingState.PAUSED:
        resume_mailing(mailing, by=replace(by, everything=True))
    return row


@action(permission=CampaignPermission.LAUNCH)
def cancel_campaign(campaign: Campaign, *, by: Actor) -> Campaign:
    """Stop a campaign for good: what has not gone never goes; return it.

    Raises:
        Conflict: it has ended.
    """
    row = locked(campaign, by)
    move(row, CampaignState.CANCELLED)
    row.finished_at = timezone.now()
    _moved(row, "campaign.cancelled", by)
    mailing = mailing_of(row)
    if mailing is not None and mailing.state not in {MailingState.DONE, MailingState.CANCELLED}:
        cancel_mailing(mailing, by=replace(by, everything=True))
    return row


@action(permission=CampaignPermission.LAUNCH)
def finish_campaign(campaign: Campaign, *, by: Actor, at: datetime | None = None) -> Campaign:
    """Close a campaign whose letters have gone, and return it; answers and purchases go on being counted.

    Raises:
        Conflict: letters are still going.
    """
    row = locked(campaign, by)
    mailing = mailing_of(row)
    if mailing is not None and mailing.state not in {MailingState.DONE, MailingState.CANCELLED}:
        raise Conflict(_("To finish wait until the letters have gone, or cancel the campaign."))
    move(row, CampaignState.DONE)
    row.finished_at = at or timezone.now()
    return _moved(row, "campaign.finished", by)


def follow_mailing(mailing: Mailing, by: Actor) -> None:
    """Let the campaign of a mailing stand as the mailing does: paused by a bad first part, or going again."""
    run = Run.objects.filter(pk=mailing.cause_id).select_related("campaign").first()
    if run is None or run.mailing is None:
        return
    row = Campaign.objects.select_for_update().filter(pk=run.campaign_id).first()
    if row is None:
        return
    if mailing.state == MailingState.PAUSED and row.state == CampaignState.RUNNING:
        row.state = CampaignState.PAUSED
        _moved(row, "campaign.paused", by, why=mailing.paused_words or mailing.paused_why)
    elif mailing.is_moving and row.state == CampaignState.PAUSED:
        row.state = CampaignState.RUNNING
        _moved(row, "campaign.resumed", by)


def finish_ended(by: Actor) -> int:
    """Finish, at night, the campaigns whose last day is over and whose letters have gone; return how many."""
    today, done = open_company().today(), 0
    for row in Campaign.objects.filter(state=CampaignState.RUNNING, ends_on__lt=today):
        try:
            finish_campaign(row, by=by)
            done += 1
        except Conflict:
            continue
    return done
