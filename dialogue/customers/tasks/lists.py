"""The list of tasks, declared."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogue.customers.tasks.actions import assign_tasks, bin_tasks, change_task, postpone_tasks, restore_tasks
from dialogue.customers.tasks.fields import ENTITY
from dialogue.customers.tasks.models import Task
from dialogue.customers.tasks.permissions import TaskPermission
from dialogue.customers.tasks.subjects import task_subjects
from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.dates import short_day
from dialogue.kit.errors import Refusal
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.kinds import FieldKind, clean_value
from dialogue.platform.lists.pages import BulkVerb, Button, Empty, ListPage, Preset, View, list_pages

NOT_DONE = {"field": "done_at", "empty": True}


def _search(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    return rows.filter(title__icontains=text)


def subject_url(row: Task) -> str:
    """Return the page of the record a task is about, "" where it has none."""
    known = task_subjects.find(row.subject_kind)
    return reverse(known.url_name, args=[row.subject_id]) if known and row.subject_id else ""


def _subject(row: Task, asking: Asking) -> SafeString | str:
    url = subject_url(row)
    return format_html('<a href="{}">{}</a>', url, row.subject_label) if url else row.subject_label


def _party(row: Task, asking: Asking) -> SafeString | str:
    if row.party is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("party_card", row.party.pk), row.party.name)


def due_html(row: Task, today: date, zone: Any) -> SafeString | str:
    """Return when a task is due, in words; an overdue one stands out."""
    hour = row.hour_in(zone)
    time = f" {date_format(hour, 'TIME_FORMAT')}" if hour else ""
    if row.is_done:
        return short_day(row.due_on) + time
    if row.due_on < today:
        return format_html('<span class="chip bad">{}</span>', short_day(row.due_on) + time)
    words = {0: _("today"), 1: _("tomorrow")}.get((row.due_on - today).days)
    return (words or short_day(row.due_on)) + time


def _due(row: Task, asking: Asking) -> SafeString | str:
    return due_html(row, asking.now.astimezone(asking.zone).date(), asking.zone)


def change_cell(row: Task, name: str, value: Any, *, by: Actor) -> Task:
    """Change one field from the list's cell; return the task.

    Raises:
        Refusal: the value is wrong.
    """
    if name == "due_on":
        value = _day(value)
    elif name in {"responsible", "priority"}:
        value = int(value) if value else None
    return change_task(row, by=by, **{name: value or ("" if name == "title" else value)})


def _day(value: Any) -> date:
    cleaned = clean_value(FieldKind.DATE, value, label=_("due"), field="due_on")
    if cleaned is None:
        raise Refusal(_("Say by which day."), field="due_on")
    return date.fromisoformat(cleaned)


def _postpone(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return {pk: day.isoformat() for pk, day in postpone_tasks(ids, _day(value), by=by).items()}


def _back(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    still = list(Task.objects.filter(pk__in=list(befores), due_on=_day(after)).values_list("pk", flat=True))
    for day in {befores[pk] for pk in still}:
        postpone_tasks([pk for pk in still if befores[pk] == day], date.fromisoformat(day), by=by)
    return still


def _assign(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return assign_tasks(ids, int(value) if value else None, by=by)


def _unassign(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    held = int(after) if after else None
    still = list(Task.objects.filter(pk__in=list(befores), responsible_id=held).values_list("pk", flat=True))
    for user in {befores[pk] for pk in still}:
        assign_tasks([pk for pk in still if befores[pk] == user], user, by=by)
    return still


def _bin(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return dict.fromkeys(bin_tasks(ids, by=by), True)


def _unbin(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    return restore_tasks(list(befores), by=by)


ADD = Button(gettext_lazy("Add a task"), "task_new", permission=TaskPermission.WRITE, main=True, dialog=True, key="n")
TASKS = list_pages.add(
    "tasks",
    ListPage(
        name="tasks",
        entity=ENTITY,
        title=gettext_lazy("Tasks"),
        url_name="task_list",
        columns=("title", "due_on", "party", "subject", "responsible", "priority"),
        quick=("responsible", "priority", "due_on"),
        empty=Empty(
            gettext_lazy("No tasks yet"),
            gettext_lazy(
                "Say what is to be done and by when: a call, a meeting, a letter. The day's tasks wait on your first page."
            ),
            buttons=(ADD,),
        ),
        row_url=lambda row: (
            subject_url(row) or (record_url("party_card", row.party_id) if row.party_id else reverse("task_day"))
        ),
        sort="due_on",
        search_words=gettext_lazy("Find a task"),
        presets=(
            Preset("open", gettext_lazy("To do"), NOT_DONE),
            Preset("mine", gettext_lazy("My tasks"), {"all": [NOT_DONE, {"field": "responsible", "is": "me"}]}),
            Preset("today", gettext_lazy("Today"), {"all": [NOT_DONE, {"field": "due_on", "period": "today"}]}),
            Preset("overdue", gettext_lazy("Overdue"), {"all": [NOT_DONE, {"field": "due_on", "older_than": "1d"}]}),
            Preset("done", gettext_lazy("Done"), {"field": "done_at", "empty": False}),
        ),
        default_preset="open",
        buttons=(ADD,),
        views=(View(gettext_lazy("Day"), "task_day"),),
        bulk=(
            BulkVerb("postpone", gettext_lazy("Postpone"), TaskPermission.WRITE, "due_on", _postpone, _back),
            BulkVerb("responsible", gettext_lazy("Hand over"), TaskPermission.ASSIGN, "responsible", _assign, _unassign),
            BulkVerb("delete", gettext_lazy("Delete"), TaskPermission.WRITE, "", _bin, _unbin),
        ),
        search=_search,
        cells={"party": _party, "subject": _subject, "due_on": _due},
        change=change_cell,
    ),
)
