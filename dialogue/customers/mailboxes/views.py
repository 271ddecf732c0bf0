"""Settings of mailboxes, and the list of what came back by mail."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dialogue.customers.mailboxes import actions
from dialogue.customers.mailboxes.models import Incoming, Kind, Mailbox, Protection
from dialogue.customers.mailboxes.permissions import MailboxPermission
from dialogue.kit.doors import visible_or_404, whole_number
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.accounts.members import member_choices

SHOWN = 50
TEXTS = ("host", "port", "security", "user", "folder", "responsible", "days")


def _need(request: MemberRequest, permission: str) -> None:
    if not request.actor.can(permission):
        raise NotPermitted(
            _("To do this you must have the permission “%(permission)s”. Ask your administrator.") % {"permission": permission}
        )


LAST_PORT = 65535


def _days(text: str) -> int:
    """Return the days, -1 where the text is no number of them: the action names the field."""
    days = whole_number(text or "0", actions.MOST_DAYS)
    return -1 if days is None else days


def _draft(request: MemberRequest) -> actions.MailboxDraft:
    given = request.POST
    return actions.MailboxDraft(
        host=given.get("host", ""),
        port=whole_number(given.get("port"), LAST_PORT) or 0,
        security=given.get("security", ""),
        user=given.get("user", ""),
        # An empty password field keeps the password that is known.
        password=given.get("password") or None,
        folder=given.get("folder", ""),
        is_on="is_on" in given,
        responsible=whole_number(given.get("responsible")),
        days=_days(given.get("days", "")),
    )


@member_page
@require_http_methods(["GET", "POST"])
def mailboxes(request: MemberRequest, pk: int | None = None) -> HttpResponseBase:
    """Show the mailboxes that are read, add one or change one."""
    _need(request, MailboxPermission.WRITE)
    chosen = visible_or_404(Mailbox.objects.all(), pk) if pk else None
    form: dict[str, Any] = {"port": 993, "security": Protection.TLS, "folder": "INBOX", "is_on": True, "days": 7}
    if chosen:
        form = {name: getattr(chosen, name) for name in ("host", "port", "security", "user", "folder", "is_on")}
        form["responsible"] = str(chosen.responsible_id or "")
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            actions.save_mailbox(_draft(request), mailbox=chosen, by=request.actor)
        except Refusal as refusal:
            wrong = refusal.errors if isinstance(refusal, InvalidInput) else {refusal.field or "host": refusal.message}
            form = {name: request.POST.get(name, "") for name in TEXTS} | {"is_on": "is_on" in request.POST}
        else:
            messages.success(request, _("Saved."))
            return redirect("mailboxes")
    context = {
        "rows": Mailbox.objects.order_by("host", "user", "folder"),
        "chosen": chosen,
        "form": form,
        "wrong": wrong,
        "securities": Protection.choices,
        "members": member_choices(),
    }
    return render(request, "mailboxes/mailboxes.html", context, status=422 if wrong else 200)


def _tested(request: MemberRequest, row: Mailbox) -> None:
    count = actions.test_mailbox(row, by=request.actor)
    words = ngettext(
        "The mailbox answers: %(count)d message in “%(folder)s”.",
        "The mailbox answers: %(count)d messages in “%(folder)s”.",
        count,
    )
    messages.success(request, words % {"count": count, "folder": row.folder})


@member_page
@require_POST
def mailbox_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseBase:
    """Test a mailbox, read it now, or let go of it."""
    row = visible_or_404(Mailbox.objects.all(), pk)
    try:
        if verb == "test":
            _tested(request, row)
        elif verb == "read":
            actions.read_mailbox_now(row, by=request.actor)
            messages.success(request, _("The mailbox is being read; what came stands under “What came back”."))
        elif verb == "remove":
            actions.remove_mailbox(row, by=request.actor)
        else:
            raise Http404
    except NotPermitted:
        raise
    except Refusal as refusal:
        request.undo = True
        messages.error(request, refusal.message, extra_tags="bad")
    return redirect("mailboxes")


@member_page
@require_safe
def incoming(request: MemberRequest) -> HttpResponse:
    """Show what came back by mail, the newest first; one kind of it, where chosen."""
    _need(request, MailboxPermission.READ)
    rows = Incoming.objects.visible_to(request.actor).select_related("party").defer("data").order_by("-id")
    kind = request.GET.get("kind", "")
    if kind in Kind.values:
        rows = rows.filter(kind=kind)
    before = whole_number(request.GET.get("before"))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: SHOWN + 1])
    context = {
        "rows": found[:SHOWN],
        "further": found[SHOWN - 1].pk if len(found) > SHOWN else "",
        "kind": kind,
        "kinds": Kind.choices,
        "read": Mailbox.objects.exists(),
    }
    return render(request, "mailboxes/incoming.html", context)


@member_page
@require_http_methods(["GET", "POST"])
def incoming_one(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show a message that was kept aside as it came; POST reads it once more."""
    _need(request, MailboxPermission.READ)
    row = visible_or_404(Incoming.objects.visible_to(request.actor).select_related("party", "mailbox"), pk)
    if request.method == "POST":
        try:
            actions.take_again(row, by=request.actor)
        except Refusal as refusal:
            request.undo = True
            messages.error(request, refusal.message, extra_tags="bad")
        return redirect("incoming_one", pk=pk)
    source = bytes(row.data).decode("utf-8", "replace") if row.data else ""
    return render(request, "mailboxes/incoming_one.html", {"row": row, "source": source[:100_000]})
