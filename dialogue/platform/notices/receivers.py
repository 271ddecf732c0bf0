"""A job that somebody started and left tells him how it ended."""

from __future__ import annotations

from datetime import timedelta

from dialogue.kit.actors import Actor
from dialogue.platform.jobs.kinds import job_ended
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.notices.kinds import JOB_DONE, JOB_FAILED
from dialogue.platform.notices.telling import notify

# Whoever waited this long has probably gone on with something else.
LONG = timedelta(seconds=10)


@job_ended.listen
def tell_who_started(job: Job) -> None:
    """Tell of a failure, and of a success that took long."""
    took = (job.finished_at or job.created_at) - (job.started_at or job.created_at)
    kind = JOB_FAILED if job.state == JobState.FAILED else JOB_DONE if job.state == JobState.DONE and took >= LONG else ""
    if kind:
        by = Actor(tenant=job.tenant_id, label="Dialogue", kind="system")
        notify([job.actor], kind, title=job.title, address="jobs/", by=by, text=job.error)
