"""The bridge to Procrastinate: one task runs any visible job inside its company's scope."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import procrastinate
from django.db import transaction
from django.utils import timezone
from procrastinate import App, JobContext
from procrastinate.contrib.django import app as proxied_app

from dialogue.kit.scope import request_scope, tenant_scope
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.kinds import JobRun, job_ended, job_gates, job_kinds
from dialogue.platform.jobs.models import Job, JobState

log = logging.getLogger(__name__)
TASK = "dialogue.run_job"
STALLED_SECONDS = 40


def run_job(tenant: int, job: int) -> None:
    """Run one visible job: claim it, do it, record how it ended. A job run twice after a kill starts from its own marks."""
    with request_scope(f"job-{job}"), tenant_scope(tenant):
        with transaction.atomic():
            claimed = Job.objects.filter(pk=job, state__in=[JobState.WAITING, JobState.RUNNING]).update(
                state=JobState.RUNNING, started_at=timezone.now(), error=""
            )
            if claimed != 1:
                return
            row = Job.objects.get(pk=job)
            refused = next(filter(None, (gate(row) for gate in job_gates)), "")
        if refused:
            _finish(job, JobState.CANCELLED, note=refused[:300])
            return
        try:
            result = job_kinds.get(row.kind).run(JobRun(row), **row.arguments)
        except JobCancelled:
            _finish(job, JobState.CANCELLED)
        except Exception as error:
            log.exception("job failed")
            _finish(job, JobState.FAILED, error=f"{type(error).__name__}: {error}"[:2000])
        else:
            _finish(job, JobState.DONE, result=result or {})


def _finish(job: int, state: JobState, **fields: Any) -> None:
    with transaction.atomic():
        Job.objects.filter(pk=job).update(state=state, finished_at=timezone.now(), **fields)
        job_ended.tell(Job.objects.get(pk=job))


@contextmanager
def finish_inline(job: int) -> Iterator[None]:
    """Record how a job ended that the caller runs himself in the block."""
    try:
        yield
    except JobCancelled:
        _finish(job, JobState.CANCELLED)
        raise
    except BaseException as error:
        _finish(job, JobState.FAILED, error=f"{type(error).__name__}: {error}"[:2000])
        raise
    _finish(job, JobState.DONE)


async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Give jobs of a killed worker to a living one."""
    manager = context.app.job_manager
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await manager.retry_job(stalled)


async def remove_old(context: JobContext, timestamp: int) -> None:
    """Keep the queue's table small."""
    await context.app.job_manager.delete_old_jobs(nb_hours=72)


def on_app_ready(app: App) -> None:
    """Give Procrastinate its tasks."""
    app.task(name=TASK, queue="default")(run_job)
    stalled = app.task(name="dialogue.retry_stalled", queue="default", pass_context=True, queueing_lock="stalled")
    app.periodic(cron="* * * * * */20")(stalled(retry_stalled))
    old = app.task(name="dialogue.remove_old", queue="default", pass_context=True, queueing_lock="old")
    app.periodic(cron="17 3 * * *")(old(remove_old))


def defer(job: Job) -> None:
    """Queue the job in the caller's transaction: it commits or rolls back with it."""
    task: procrastinate.tasks.Task[Any, Any, Any] = proxied_app.tasks[TASK]
    task.defer(tenant=job.tenant_id, job=job.pk)
