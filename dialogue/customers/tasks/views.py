"""Pages of tasks: the day, the list, the form, one key for done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.actions import bin_tasks, change_task, create_task, do_task, reopen_task
from dialogue.customers.tasks.models import Priority, Task
from dialogue.customers.tasks.panels import lines_of, named
from dialogue.customers.tasks.permissions import TaskPermission
from dialogue.customers.tasks.subjects import task_subjects
from dialogue.kit.doors import whole_number
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.kit.pieces import piece
from dialogue.kit.rows import etag_of
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.accounts.members import member_choices
from dialogue.platform.lists.views.reading import list_page

MOST = 100
AHEAD = 14


@member_page
@require_GET
def task_list(request: MemberRequest) -> HttpResponseBase:
    """Show the list of tasks."""
    return list_page(request, "tasks")


@member_page
@require_GET
def task_day(request: MemberRequest) -> HttpResponseBase:
    """Show what is late, what is for today and what comes next; one's own, or everybody's."""
    today = request.company.today()
    rows = Task.objects.visible_to(request.actor).due_until(today + timedelta(days=AHEAD)).in_order()
    whose = request.GET.get("whose", "mine")
    if whose != "all":
        rows = rows.filter(responsible_id=request.actor.user)
    groups: dict[str, list[Any]] = {"late": [], "today": [], "next": []}
    for line in lines_of(request, named(rows)[:MOST]):
        due = line["task"].due_on
        groups["late" if due < today else "today" if due == today else "next"].append(line)
    shown = [(_("Late"), groups["late"]), (_("Today"), groups["today"]), (_("Next two weeks"), groups["next"])]
    context = {
        "groups": [(title, lines) for title, lines in shown if lines],
        "whose": whose,
        "may_write": request.actor.can(TaskPermission.WRITE),
    }
    return render(request, "tasks/day.html", context)


def _found(request: MemberRequest, pk: int) -> Task:
    return get_object_or_404(Task.objects.visible_to(request.actor), pk=pk)


def _form(request: MemberRequest, task: Task | None, errors: dict[str, str] | None = None) -> HttpResponse:
    given, asked = request.POST, request.GET
    zone = request.company.zone
    hour = task.hour_in(zone) if task else None
    party = (
        task.party
        if task
        else Party.objects.visible_to(request.actor).filter(pk=whole_number(asked.get("party", "")) or 0).first()
    )
    about = _about(request, given.get("subject", asked.get("subject", ""))) if task is None else None
    context = {
        "task": task,
        "errors": errors or {},
        "title": given.get("title", task.title if task else ""),
        "note": given.get("note", task.note if task else ""),
        "due_on": given.get("due_on", (task.due_on if task else request.company.today()).isoformat()),
        "hour": given.get("hour", f"{hour:%H:%M}" if hour else ""),
        "priority": given.get("priority", str(task.priority if task else Priority.USUAL.value)),
        "priorities": [(str(value), words) for value, words in Priority.choices],
        "people": member_choices(),
        "responsible": given.get("responsible", str((task.responsible_id if task else request.actor.user) or "")),
        "party": given.get("party", str(party.pk) if party else ""),
        "party_words": given.get("party_text", party.name if party else ""),
        "subject": given.get("subject", asked.get("subject", "")) if about else "",
        "about": about,
        "etag": given.get("etag", etag_of(task) if task else ""),
    }
    return render(request, "tasks/form.html", context, status=422 if errors else 200)


def _subject(text: str) -> tuple[str, int] | None:
    kind, _colon, digits = text.partition(":")
    number = whole_number(digits)
    return (kind, number) if kind and number is not None else None


def _about(request: MemberRequest, text: str) -> Any:
    named = _subject(text)
    known = task_subjects.find(named[0]) if named else None
    return known.visible_to(request.actor).filter(pk=named[1]).first() if known and named else None


def _facts(request: MemberRequest) -> dict[str, Any]:
    post = request.POST
    try:
        day = date.fromisoformat(post.get("due_on", ""))
        hour = post.get("hour", "").strip()
        moment = datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=request.company.zone) if hour else None
    except ValueError:
        raise InvalidInput({"due_on": _("Say by which day.")}) from None
    return {
        "title": post.get("title", ""),
        "note": post.get("note", ""),
        "due_on": day,
        "due_at": moment,
        "priority": whole_number(post.get("priority", "")) or Priority.USUAL,
        "responsible": whole_number(post.get("responsible", "")),
        "party": whole_number(post.get("party", "")),
    }


def _saved() -> HttpResponse:
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@member_page
@require_http_methods(["GET", "POST"])
def task_new(request: MemberRequest) -> HttpResponseBase:
    """Take a new task in a dialog."""
    if request.method == "GET":
        return _form(request, None)
    try:
        facts = _facts(request)
        title = facts.pop("title")
        create_task(title, by=request.actor, subject=_subject(request.POST.get("subject", "")), **facts)
    except Refusal as refusal:
        return _refused(request, None, refusal)
    return _saved()


@member_page
@require_http_methods(["GET", "POST"])
def task_edit(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Change a task in a dialog, or delete it."""
    task = _found(request, pk)
    if request.method == "GET":
        return _form(request, task)
    if request.POST.get("delete"):
        bin_tasks([task.pk], by=request.actor)
        return _saved()
    try:
        change_task(task, by=request.actor, etag=request.POST.get("etag", ""), **_facts(request))
    except Refusal as refusal:
        return _refused(request, task, refusal)
    return _saved()


def _refused(request: MemberRequest, task: Task | None, refusal: Refusal) -> HttpResponse:
    if isinstance(refusal, NotPermitted):
        raise refusal
    request.undo = True
    errors = refusal.errors if isinstance(refusal, InvalidInput) else {refusal.field or "title": refusal.message}
    return _form(request, task, errors)


@member_page
@require_POST
def task_done(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Mark a task as done, or take that back; answer with its line."""
    task = _found(request, pk)
    row = reopen_task(task, by=request.actor) if task.is_done else do_task(task, by=request.actor)
    line = lines_of(request, named(Task.objects.filter(pk=row.pk)))[0]
    return HttpResponse(piece("tasks/line.html", {"line": line, "may_write": True}))
