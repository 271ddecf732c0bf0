"""Verbs over tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.models import Priority, Task
from dialogue.customers.tasks.permissions import TaskPermission
from dialogue.customers.tasks.signals import TasksFact, tasks_changed
from dialogue.customers.tasks.subjects import task_subjects
from dialogue.kit.actors import Actor
from dialogue.kit.editing import refuse_stale
from dialogue.kit.errors import InvalidInput, NotFound, Refusal
from dialogue.platform.accounts.models import Membership
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.notices.telling import notify
from dialogue.platform.tenants.models import Tenant

FIELDS = ("title", "note", "due_on", "due_at", "priority", "responsible_id", "party_id")
GIVEN = "task.given"


def _locked(task: Task, by: Actor) -> Task:
    row = Task.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=task.pk).first()
    if row is None:
        raise NotFound(_("This task is no longer here."))
    return row


def _clean(row: Task, by: Actor) -> None:
    errors: dict[str, str] = {}
    row.title = " ".join(row.title.split())
    if not row.title or len(row.title) > 200:
        errors["title"] = _("Say what is to be done in at most 200 characters.")
    if row.priority not in Priority.values:
        errors["priority"] = _("Choose the priority from the list.")
    if row.due_at is not None:
        row.due_on = row.due_at.astimezone(Tenant.objects.get(pk=by.tenant).zone).date()
    if row.responsible_id and not Membership.objects.filter(user_id=row.responsible_id, is_active=True).exists():
        errors["responsible"] = _("Choose a member of the company.")
    if row.party_id and not Party.objects.visible_to(by).filter(pk=row.party_id).exists():
        errors["party"] = _("Choose a customer from the list.")
    if errors:
        raise InvalidInput(errors)


def _tell(rows: Sequence[Task], by: Actor) -> None:
    subjects = frozenset((row.subject_kind, row.subject_id) for row in rows if row.subject_id is not None)
    tasks_changed.tell(TasksFact([row.pk for row in rows], by, subjects))


@action(permission=TaskPermission.WRITE)
def create_task(
    title: str,
    *,
    by: Actor,
    due_on: date | None = None,
    due_at: datetime | None = None,
    responsible: int | None = None,
    party: int | None = None,
    subject: tuple[str, int] | None = None,
    priority: int = Priority.USUAL,
    note: str = "",
) -> Task:
    """Set a task, for today and oneself where nothing else is said; return it. A colleague is told.

    `subject` names a record of a registered kind ("deal", id).

    Raises:
        InvalidInput: names every wrong field.
        NotFound: the subject is not there for the actor.
    """
    row = Task(title=title, note=note.strip()[:5000], due_at=due_at, priority=priority, party_id=party, created_by=by.user)
    row.due_on = due_on or Tenant.objects.get(pk=by.tenant).today()
    row.responsible_id = responsible if responsible is not None else by.user
    if subject is not None:
        _attach(row, subject, by)
    _clean(row, by)
    row.save()
    record(by, "task.created", row, due_on=row.due_on, about=row.subject_label)
    _tell([row], by)
    _notify(row, by)
    return row


def _attach(row: Task, subject: tuple[str, int], by: Actor) -> None:
    kind, number = subject
    known = task_subjects.find(kind)
    about = known.visible_to(by).filter(pk=number).first() if known else None
    if known is None or about is None:
        raise NotFound(_("The record this task is about is not there."), field="subject")
    row.subject_kind, row.subject_id, row.subject_label = kind, number, str(about)[:200]
    row.party_id = row.party_id or known.party_of(about)


def _notify(row: Task, by: Actor) -> None:
    notify([row.responsible_id], GIVEN, title=row.title, address="tasks/", by=by)


@action(permission=TaskPermission.WRITE)
def change_task(task: Task, *, by: Actor, etag: str = "", **fields: Any) -> Task:
    """Change a task; return it. Takes title, note, due_on, due_at, priority, responsible and party (ids).

    Raises:
        InvalidInput: names every wrong field.
        StaleEdit: somebody changed the same fields meanwhile.
    """
    wanted = {f"{name}_id" if name in {"responsible", "party"} else name: value for name, value in fields.items()}
    unknown = sorted(set(wanted) - set(FIELDS))
    if unknown:
        raise Refusal(_("“%(field)s” cannot be changed here.") % {"field": unknown[0]}, field=unknown[0])
    row = _locked(task, by)
    refuse_stale(row, wanted, etag=etag)
    before = snapshot(row, list(FIELDS))
    for name, value in wanted.items():
        setattr(row, name, value)
    if "due_on" in wanted and "due_at" not in wanted:
        row.due_at = None
    _clean(row, by)
    changes = difference(before, snapshot(row, list(FIELDS)))
    if changes:
        row.save()
        record(by, "task.changed", row, changes=changes)
        _tell([row], by)
        if "responsible_id" in changes:
            _notify(row, by)
    return row


@action(permission=TaskPermission.WRITE)
def do_task(task: Task, *, by: Actor, outcome: str = "") -> Task:
    """Mark a task as done, with what came of it; return it. A task done already stays as it is."""
    row = _locked(task, by)
    if row.done_at is None:
        row.done_at, row.done_by, row.outcome = timezone.now(), by.user, " ".join(outcome.split())[:500]
        row.save()
        record(by, "task.done", row, outcome=row.outcome)
        _tell([row], by)
    return row


@action(permission=TaskPermission.WRITE)
def reopen_task(task: Task, *, by: Actor) -> Task:
    """Take a task as not done after all; return it."""
    row = _locked(task, by)
    if row.done_at is not None:
        row.done_at, row.done_by = None, None
        row.save()
        record(by, "task.reopened", row)
        _tell([row], by)
    return row


@action(permission=TaskPermission.WRITE)
def bin_tasks(ids: Sequence[int], *, by: Actor) -> list[int]:
    """Put tasks into the bin; return the ids that went."""
    rows = list(Task.objects.visible_to(by).select_for_update(of=("self",)).filter(pk__in=list(ids)))
    now = timezone.now()
    Task.objects.filter(pk__in=[row.pk for row in rows]).update(deleted_at=now, updated_at=now)
    if rows:
        record(by, "task.many_binned", kind=Task._meta.label_lower, count=len(rows))
        _tell(rows, by)
    return [row.pk for row in rows]


@action(permission=TaskPermission.WRITE)
def restore_tasks(ids: Sequence[int], *, by: Actor) -> list[int]:
    """Take tasks out of the bin; return the ids that came."""
    rows = list(Task.with_bin.visible_to(by).filter(pk__in=list(ids)).exclude(deleted_at=None))
    Task.with_bin.filter(pk__in=[row.pk for row in rows]).update(deleted_at=None, updated_at=timezone.now())
    if rows:
        record(by, "task.many_restored", kind=Task._meta.label_lower, count=len(rows))
        _tell(rows, by)
    return [row.pk for row in rows]


@action(permission=TaskPermission.WRITE)
def postpone_tasks(ids: Sequence[int], day: date, *, by: Actor) -> dict[int, date]:
    """Set another day for many open tasks; return `{id: the day before}` of those that changed."""
    rows = [row for row in Task.objects.visible_to(by).open().filter(pk__in=list(ids)) if row.due_on != day]
    Task.objects.filter(pk__in=[row.pk for row in rows]).update(due_on=day, due_at=None, updated_at=timezone.now())
    if rows:
        record(by, "task.many_postponed", kind=Task._meta.label_lower, count=len(rows), due_on=day)
        _tell(rows, by)
    return {row.pk: row.due_on for row in rows}


@action(permission=TaskPermission.ASSIGN)
def assign_tasks(ids: Sequence[int], responsible: int | None, *, by: Actor) -> dict[int, int | None]:
    """Give many tasks to one member; return `{id: who had it}` of those that changed.

    Raises:
        Refusal: he is no member.
    """
    if responsible is not None and not Membership.objects.filter(user_id=responsible, is_active=True).exists():
        raise Refusal(_("Choose a member of the company."), field="responsible")
    rows = [row for row in Task.objects.visible_to(by).filter(pk__in=list(ids)) if row.responsible_id != responsible]
    Task.objects.filter(pk__in=[row.pk for row in rows]).update(responsible_id=responsible, updated_at=timezone.now())
    if rows:
        record(by, "task.many_assigned", kind=Task._meta.label_lower, count=len(rows), responsible=responsible)
        _tell(rows, by)
    return {row.pk: row.responsible_id for row in rows}
