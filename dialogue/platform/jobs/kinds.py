"""The kinds of jobs: rooms register a function that takes the running job and its arguments."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.kit.signals import Event
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.models import Job

PROGRESS_SECONDS = 0.5


class JobRun:
    """A running job as its function sees it: tells progress and learns of a wish to cancel.

    A long job calls `advance` between its own transactions; each call may commit a progress row.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.id = int(job.pk)
        self._told = 0.0

    def advance(self, done: int, total: int | None = None, note: str = "") -> None:
        """Record progress at most twice a second and stop if a cancel was asked.

        Raises:
            JobCancelled: somebody asked the job to stop.
        """
        now = time.monotonic()
        if now - self._told < PROGRESS_SECONDS and done != total:
            return
        self._told = now
        with transaction.atomic():
            fields: dict[str, Any] = {"done": done, "note": note[:300]}
            if total is not None:
                fields["total"] = total
            Job.objects.filter(pk=self.id).update(**fields)
            if Job.objects.filter(pk=self.id, cancel_asked=True).exists():
                raise JobCancelled


@frozen
class JobKind:
    """What a job of this kind does; `run` returns facts kept as the job's result, `link` where a done one leads."""

    run: Callable[..., dict[str, Any] | None]
    attempts: int = 3
    link: Callable[[Job], str] | None = None


job_ended: Event[Job] = Event("jobs.ended")
# Asked before a job runs; words refuse it, for example because its room was switched off.
job_gates: list[Callable[[Job], str]] = []
job_kinds: Registry[JobKind] = Registry("job kinds")
