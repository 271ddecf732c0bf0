"""The API operations over background jobs."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Query, Router

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Moment, Shape
from dialogue.kit.doors import ActorRequest, visible_or_404
from dialogue.platform.audit import actions
from dialogue.platform.jobs.models import Job

router = Router(tags=["jobs"])


class JobShape(Shape):
    """A background job."""

    id: int
    title: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int
    total: int | None
    note: str
    error: str
    result: dict[str, Any]
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class JobFilter(Paging):
    """Which jobs are asked for."""

    state: Literal["waiting", "running", "done", "failed", "cancelled"] | None = None


def _find(request: ActorRequest, number: int) -> Job:
    return visible_or_404(Job.objects.visible_to(request.actor), number)


@router.get("", response=Page[JobShape], summary="List background jobs")
def list_jobs(request: ActorRequest, asked: Query[JobFilter]) -> dict[str, Any]:
    """Newest first: the member's own, or all for who may manage jobs."""
    rows = Job.objects.visible_to(request.actor)
    if asked.state:
        rows = rows.filter(state=asked.state)
    return page_of(rows, asked)


@router.get("/{int:job}", response=JobShape, summary="Get a background job")
def get_job(request: ActorRequest, job: int) -> Job:
    """Its state, progress, outcome and cause of failure."""
    return _find(request, job)


@router.post("/{int:job}/cancel", response=JobShape, summary="Stop a background job")
def cancel_job(request: ActorRequest, job: int) -> Job:
    """A waiting job is cancelled at once, a running one at its next step."""
    return actions.cancel_job(_find(request, job), by=request.actor)


@router.post("/{int:job}/retry", response=JobShape, summary="Run a background job again")
def retry_job(request: ActorRequest, job: int) -> Job:
    """Only one that failed or was cancelled; it goes on where it stopped."""
    return actions.retry_job(_find(request, job), by=request.actor)
