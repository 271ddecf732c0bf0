"""The visible job."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import TenantManager, TenantRow

# Declared with its words by accounts, which lie above.
MANAGE = "company:jobs:write"


class JobState(models.TextChoices):
    """Where a job stands."""

    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


TRANSITIONS: dict[str, set[str]] = {
    JobState.WAITING: {JobState.RUNNING, JobState.CANCELLED},
    JobState.RUNNING: {JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.WAITING},
    JobState.FAILED: {JobState.WAITING},
    JobState.CANCELLED: {JobState.WAITING},
    JobState.DONE: set(),
}


class JobQuerySet(models.QuerySet["Job"]):
    """Reads of jobs."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the actor's own jobs, or all of them for who may manage jobs."""
        return self.all() if actor.can(MANAGE) else self.filter(actor=actor.user)

    def unfinished(self) -> Self:
        """Return the jobs that still wait or run."""
        return self.filter(state__in=[JobState.WAITING, JobState.RUNNING])


JobManager = TenantManager.from_queryset(JobQuerySet)


class Job(TenantRow):
    """One piece of background work of a company."""

    kind = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.WAITING)
    arguments = models.JSONField(default=dict)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    note = models.CharField(max_length=300, blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    cancel_asked = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    actor = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[JobManager[Self]] = JobManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-id"], name="job_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def share(self) -> int | None:
        """Percent done, or None while the total is unknown."""
        return min(100, round(100 * self.done / self.total)) if self.total else None

    @property
    def is_open(self) -> bool:
        """Whether the job still waits or runs."""
        return self.state in {JobState.WAITING, JobState.RUNNING}
