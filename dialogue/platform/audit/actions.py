"""Verbs over background jobs: the jobs' own room lies below the audit stream and cannot record."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs import starting
from dialogue.platform.jobs.models import Job


@action()
def cancel_job(job: Job, *, by: Actor) -> Job:
    """Ask a job to stop: one's own, or any for who may manage jobs; return it.

    Raises:
        Conflict: it has ended.
    """
    row: Job = Job.objects.visible_to(by).get(pk=job.pk)
    starting.cancel_job(row)
    row.refresh_from_db()
    record(by, "job.cancelled", row)
    return row


@action()
def retry_job(job: Job, *, by: Actor) -> Job:
    """Queue a failed or cancelled job again: one's own, or any for who may manage jobs; return it.

    Raises:
        Conflict: it has neither failed nor been cancelled.
    """
    row: Job = Job.objects.visible_to(by).get(pk=job.pk)
    starting.retry_job(row)
    row.refresh_from_db()
    record(by, "job.retried", row)
    return row
