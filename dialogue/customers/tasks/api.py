"""The API operations over tasks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import AwareDatetime, Field

from dialogue.customers.tasks import actions
from dialogue.customers.tasks.fields import ENTITY
from dialogue.customers.tasks.models import Task
from dialogue.kit.api.paging import Page
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.api.versions import if_match, tell_version
from dialogue.kit.doors import visible_or_404
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import Filtered, Search, filtered_page

router = Router(tags=["tasks"])
Id = Annotated[int, Field(ge=1, lt=2**63)]
Title = Annotated[Text, Field(max_length=200, examples=["Позвонить"])]
Priority = Annotated[int, Field(ge=1, le=3, description="1 high, 2 usual, 3 low.")]


class AboutShape(Shape):
    """The record a task is about."""

    kind: str
    id: int
    label: str


class TaskShape(Shape):
    """A task. `due_on` is the company's day; `due_at` the exact hour where it has one."""

    id: int
    title: str
    note: str
    due_on: date
    due_at: Moment | None
    priority: int
    responsible: int | None
    party: int | None
    about: AboutShape | None
    done_at: Moment | None
    outcome: str
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: Task) -> TaskShape:
        """Return a task as the API shows it."""
        about = None
        if row.subject_id is not None:
            about = AboutShape(kind=row.subject_kind, id=row.subject_id, label=row.subject_label)
        return cls(
            **{name: getattr(row, name) for name in PLAIN},
            responsible=row.responsible_id,
            party=row.party_id,
            about=about,
        )


PLAIN = ("id", "title", "note", "due_on", "due_at", "priority", "done_at", "outcome", "created_at", "updated_at")


class AboutInput(Input):
    """The record a task is about: its kind ("deal") and id."""

    kind: Annotated[Text, Field(max_length=40)]
    id: Id


class TaskInput(Input):
    """A new task: for today and the key's member where nothing else is said."""

    title: Title
    due_on: date | None = None
    due_at: AwareDatetime | None = None
    responsible: Id | None = None
    party: Id | None = None
    about: AboutInput | None = None
    priority: Priority = 2
    note: Annotated[Text, Field(max_length=5000)] = ""


class TaskChange(Input):
    """What may be changed; only the fields sent are."""

    title: Title | None = None
    due_on: date | None = None
    due_at: AwareDatetime | None = None
    responsible: Id | None = None
    party: Id | None = None
    priority: Priority | None = None
    note: Annotated[Text, Field(max_length=5000)] | None = None


class DoneInput(Input):
    """What came of it."""

    outcome: Annotated[Text, Field(max_length=500)] = ""


def _task(request: ApiRequest, task: int) -> Task:
    found: Task = visible_or_404(Task.objects.visible_to(request.actor), task)
    return found


def _shown(request: ApiRequest, response: HttpResponse, task: int) -> TaskShape:
    row = _task(request, task)
    tell_version(response, row)
    return TaskShape.of(row)


@router.get("", response=Page[TaskShape], summary="List tasks")
def list_tasks(request: ApiRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """The newest first."""
    return filtered_page(request, ENTITY, asked, shape=TaskShape.of)


@router.post("/search", response=Page[TaskShape], summary="Search tasks")
def search_tasks(request: ApiRequest, asked: Search) -> dict[str, Any]:
    """The same as the list, for rules too long for an address."""
    return filtered_page(request, ENTITY, asked, shape=TaskShape.of)


@router.post("", response={201: TaskShape}, summary="Set a task")
def create_task(request: ApiRequest, response: HttpResponse, given: TaskInput) -> tuple[int, TaskShape]:
    """A colleague who is responsible is told."""
    values = given.model_dump(exclude={"title", "about"})
    about = (given.about.kind, given.about.id) if given.about else None
    made = actions.create_task(given.title, by=request.actor, subject=about, **values)
    return 201, _shown(request, response, made.pk)


@router.get("/{int:task}", response=TaskShape, summary="Get a task")
def get_task(request: ApiRequest, response: HttpResponse, task: int) -> TaskShape:
    """One task with its ETag."""
    return _shown(request, response, task)


@router.patch("/{int:task}", response=TaskShape, summary="Change a task")
def change_task(request: ApiRequest, response: HttpResponse, task: int, given: TaskChange) -> TaskShape:
    """A field that cannot be empty and comes as null stays as it is."""
    values = given.model_dump(exclude_unset=True)
    kept = {name: value for name, value in values.items() if value is not None or name in {"due_at", "party", "responsible"}}
    actions.change_task(_task(request, task), by=request.actor, etag=if_match(request), **kept)
    return _shown(request, response, task)


@router.delete("/{int:task}", response={204: None}, summary="Delete a task")
def delete_task(request: ApiRequest, task: int) -> tuple[int, None]:
    """Into the bin, for 30 days."""
    actions.bin_tasks([_task(request, task).pk], by=request.actor)
    return 204, None


@router.post("/{int:task}/done", response=TaskShape, summary="Mark a task as done")
def do_task(request: ApiRequest, response: HttpResponse, task: int, given: DoneInput) -> TaskShape:
    """A task done already stays as it is."""
    actions.do_task(_task(request, task), by=request.actor, outcome=given.outcome)
    return _shown(request, response, task)


@router.post("/{int:task}/reopen", response=TaskShape, summary="Take a task as not done")
def reopen_task(request: ApiRequest, response: HttpResponse, task: int) -> TaskShape:
    """It waits again on its day."""
    actions.reopen_task(_task(request, task), by=request.actor)
    return _shown(request, response, task)
