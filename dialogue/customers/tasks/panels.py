"""Tasks on other pages: the customer's card, a deal, the first page of the day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.lists import due_html, subject_url
from dialogue.customers.tasks.models import Task, TaskQuerySet
from dialogue.customers.tasks.permissions import TaskPermission
from dialogue.kit.actors import Actor
from dialogue.kit.pieces import piece
from dialogue.kit.rows import columns_of
from dialogue.kit.statement import Statement
from dialogue.platform.accounts.doors import MemberRequest

MOST = 12


def named(rows: QuerySet[Task]) -> QuerySet[Task]:
    """Return tasks with the names that their lines show."""
    people = ("party__name", "responsible__name", "responsible__email")
    return rows.select_related("party", "responsible").only(*columns_of(Task), *people)


def lines_of(request: MemberRequest, rows: Iterable[Task]) -> list[dict[str, Any]]:
    """Return `named` tasks as lines of a panel or of the day."""
    zone = request.company.zone
    today = timezone.now().astimezone(zone).date()
    return [
        {
            "task": row,
            "due": due_html(row, today, zone),
            "url": subject_url(row),
            "late": not row.is_done and row.due_on < today,
        }
        for row in rows
    ]


def tasks_box(request: MemberRequest, rows: Iterable[Task], *, new: str, title: str = "") -> str:
    """Return a box of open tasks with a line to add one; `new` is the query of the new-task form."""
    context = {
        "lines": lines_of(request, rows),
        "new": new,
        "may_write": request.actor.can(TaskPermission.WRITE),
        "title": title,
    }
    return piece("tasks/panel.html", context)


def open_tasks(actor: Actor) -> TaskQuerySet:
    """Return the open tasks an actor may see, in the order of the day."""
    return Task.objects.visible_to(actor).open().in_order()


def open_about(actor: Actor, kind: str, pk: int) -> QuerySet[Task]:
    """Return the open tasks about one record, with the names their lines show, as many as a box holds."""
    return named(open_tasks(actor).about(kind, [pk]))[:MOST]


OF_PARTY = Statement(lambda actor, party: named(open_tasks(actor).filter(party=party))[:MOST])


def party_panel(request: MemberRequest, party: Party) -> str:
    """Return the box of a customer's open tasks."""
    return tasks_box(request, OF_PARTY.rows(request.actor, party=party.pk), new=f"party={party.pk}")


def home_panel(request: Any) -> str:
    """Return the member's tasks of today and those that are late."""
    today = timezone.now().astimezone(request.company.zone).date()
    rows = open_tasks(request.actor).filter(responsible_id=request.actor.user, due_on__lte=today)[:MOST]
    lines = lines_of(request, named(rows))
    context = {"lines": lines, "new": "", "may_write": request.actor.can(TaskPermission.WRITE), "home": True}
    return piece("tasks/panel.html", context)
