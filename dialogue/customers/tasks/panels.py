"""Tasks on other pages: the customer's card, a deal, the first page of the day."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.lists import due_html, subject_url
from dialogue.customers.tasks.models import Task
from dialogue.customers.tasks.permissions import TaskPermission
from dialogue.kit.actors import Actor
from dialogue.platform.accounts.doors import MemberRequest

MOST = 12


def lines_of(request: MemberRequest, rows: Any) -> list[dict[str, Any]]:
    """Return tasks as lines of a panel or of the day."""
    zone = request.company.zone
    today = timezone.now().astimezone(zone).date()
    return [
        {
            "task": row,
            "due": due_html(row, today, zone),
            "url": subject_url(row),
            "late": not row.is_done and row.due_on < today,
        }
        for row in rows.select_related("party", "responsible")
    ]


def tasks_box(request: MemberRequest, rows: Any, *, new: str, title: str = "") -> str:
    """Return a box of open tasks with a line to add one; `new` is the query of the new-task form."""
    context = {
        "lines": lines_of(request, rows),
        "new": new,
        "may_write": request.actor.can(TaskPermission.WRITE),
        "title": title,
    }
    return render_to_string("tasks/panel.html", context)


def open_tasks(actor: Actor) -> Any:
    """Return the open tasks an actor may see, in the order of the day."""
    return Task.objects.visible_to(actor).open().in_order()


def party_panel(request: MemberRequest, party: Party) -> str:
    """Return the box of a customer's open tasks."""
    return tasks_box(request, open_tasks(request.actor).filter(party=party)[:MOST], new=f"party={party.pk}")


def home_panel(request: Any) -> str:
    """Return the member's tasks of today and those that are late."""
    today = timezone.now().astimezone(request.company.zone).date()
    rows = open_tasks(request.actor).filter(responsible_id=request.actor.user, due_on__lte=today)[:MOST]
    lines = lines_of(request, rows)
    context = {"lines": lines, "new": "", "may_write": request.actor.can(TaskPermission.WRITE), "home": True}
    return render_to_string("tasks/panel.html", context)
