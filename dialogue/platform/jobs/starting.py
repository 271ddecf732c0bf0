"""Start, cancel and retry visible jobs."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict
from dialogue.platform.jobs.kinds import job_kinds
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.jobs.queue import defer


def start_job(kind: str, *, title: str, by: Actor, arguments: dict[str, Any], total: int | None = None) -> Job:
    """Create a visible job and queue it in the caller's transaction; return it."""
    job_kinds.get(kind)
    with transaction.atomic():
        job: Job = Job.objects.create(
            kind=kind, title=title[:200], arguments=arguments, total=total, actor=by.user, actor_label=by.label
        )
        defer(job)
    return job


def cancel_job(job: Job) -> None:
    """Ask a running job to stop at its next step; a waiting one is cancelled at once.

    Raises:
        Conflict: the job has ended.
    """
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=job.pk)
        if not row.is_open:
            raise Conflict(_("To cancel a job it must still wait or run; this one has ended."))
        row.cancel_asked = True
        if row.state == JobState.WAITING:
            row.state = JobState.CANCELLED
        row.save(update_fields=["cancel_asked", "state"])


def retry_job(job: Job) -> None:
    """Queue a failed or cancelled job again; it goes on where its marks say.

    Raises:
        Conflict: the job has neither failed nor been cancelled.
    """
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=job.pk)
        if row.state not in {JobState.FAILED, JobState.CANCELLED}:
            raise Conflict(_("To run a job again it must have failed or been cancelled."))
        row.state = JobState.WAITING
        row.cancel_asked = False
        row.error = ""
        row.attempts += 1
        row.save(update_fields=["state", "cancel_asked", "error", "attempts"])
        defer(row)
