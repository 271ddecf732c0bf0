"""Settings of letters: the server, the senders, prepared letters, the stop list; and the local mailbox."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dialogue.customers.channels import actions
from dialogue.customers.channels.frames import without_styles
from dialogue.customers.channels.models import LetterTemplate, Suppression
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.texts import PLACES
from dialogue.customers.channels.views import _wrong
from dialogue.kit.doors import whole_number
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.mail import actions as mail
from dialogue.platform.mail.confirming import code_waits
from dialogue.platform.mail.dkim import record_strings
from dialogue.platform.mail.local import opened
from dialogue.platform.mail.models import MailServer, SecurityChoice, SenderIdentity, ServiceLetter, StoredLetter
from dialogue.platform.mail.permissions import MailPermission
from dialogue.platform.tenants.registry import company_settings, setting_of

SHOWN = 50


def _need(request: MemberRequest, permission: str) -> None:
    if not request.actor.can(permission):
        raise NotPermitted(
            _("To do this you must have the permission “%(permission)s”. Ask your administrator.") % {"permission": permission}
        )


@member_page
@require_http_methods(["GET", "POST"])
def mail_settings(request: MemberRequest) -> HttpResponseBase:
    """Set the mail server, and what is noted about letters."""
    _need(request, MailPermission.SERVER)
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            _set_mail(request)
        except Refusal as refusal:
            wrong = _wrong(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("mail_settings")
    settings = [(name, company_settings.get(name), setting_of(request.company, name)) for name in actions.LETTER_SETTINGS]
    context = {
        "server": MailServer.objects.first(),
        "given": request.POST,
        "wrong": wrong,
        "securities": SecurityChoice.choices,
        "switches": [line for line in settings if line[1].kind is bool],
        "numbers": [line for line in settings if line[1].kind is int],
        "texts": [line for line in settings if line[1].kind is str],
    }
    return render(request, "channels/mail.html", context, status=422 if wrong else 200)


def _set_mail(request: MemberRequest) -> None:
    given, by = request.POST, request.actor
    what = given.get("what")
    if what == "remove":
        mail.remove_mail_server(by=by)
    elif what == "notes":
        values: dict[str, Any] = {
            name: name in given for name in actions.LETTER_SETTINGS if company_settings.get(name).kind is bool
        }
        pace = given.get("mail_per_domain", "").replace(" ", "")
        if pace:
            values["mail_per_domain"] = int(pace) if pace.isdecimal() and len(pace) < 10 else -1
        actions.change_letter_settings(mail_postal_address=given.get("mail_postal_address", "").strip()[:300], by=by, **values)
    else:
        port = given.get("port", "")
        mail.set_mail_server(
            host=given.get("host", ""),
            port=int(port) if port.isdecimal() and len(port) < 6 else 0,
            security=given.get("security", ""),
            user=given.get("user", ""),
            # An empty password field keeps the password that is known.
            password=given.get("password") or None,
            by=by,
        )


@member_page
@require_http_methods(["GET", "POST"])
def senders(request: MemberRequest) -> HttpResponseBase:
    """Show the addresses letters come from and add one."""
    _need(request, MailPermission.IDENTITY)
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            mail.add_sender_identity(
                **{name: request.POST.get(name, "") for name in ("email", "name", "reply_to", "return_path")}, by=request.actor
            )
        except Refusal as refusal:
            wrong = _wrong(refusal)
        else:
            return redirect("senders")
    rows = [(row, record_strings(row.record_text), code_waits(row)) for row in SenderIdentity.objects.in_use()]
    return render(
        request, "channels/senders.html", {"rows": rows, "wrong": wrong, "given": request.POST}, status=422 if wrong else 200
    )


SENDER_VERBS: dict[str, Any] = {
    "check": mail.check_sender_identity,
    "code": mail.send_sender_code,
    "first": mail.use_sender_identity_first,
    "remove": mail.remove_sender_identity,
}


@member_page
@require_POST
def sender_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseBase:
    """Check a sender's domain, use it first, or take it out of use."""
    if verb not in SENDER_VERBS:
        raise Http404
    row = get_object_or_404(SenderIdentity.objects.in_use(), pk=pk)
    try:
        SENDER_VERBS[verb](row, by=request.actor)
    except NotPermitted:
        raise
    except Refusal as refusal:
        request.undo = True
        messages.error(request, refusal.message, extra_tags="bad")
    return redirect("senders")


@member_page
@require_POST
def sender_confirm(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Take the code that came to a sender's address."""
    row = get_object_or_404(SenderIdentity.objects.in_use(), pk=pk)
    tried = mail.try_sender_code(row, request.POST.get("code", ""), by=request.actor)
    if tried.confirmed_at is not None:
        messages.success(request, _("The address is confirmed."))
    elif code_waits(tried):
        messages.error(request, _("This is not the code that was sent. Look at the latest letter."), extra_tags="bad")
    else:
        messages.error(request, _("To confirm the address send a new code: the old one is no longer valid."), extra_tags="bad")
    return redirect("senders")


@member_page
@require_http_methods(["GET", "POST"])
def letter_templates(request: MemberRequest, pk: int | None = None) -> HttpResponseBase:
    """Show prepared letters, add one or change one."""
    _need(request, ChannelPermission.TEMPLATE)
    chosen = get_object_or_404(LetterTemplate.objects.all(), pk=pk) if pk else None
    form: dict[str, str] = {"name": chosen.name, "subject": chosen.subject, "text": chosen.text} if chosen else {}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        form = {name: request.POST.get(name, "") for name in ("name", "subject", "text")}
        try:
            if chosen and "remove" in request.POST:
                actions.remove_template(chosen, by=request.actor)
            else:
                actions.save_template(**form, template=chosen, by=request.actor)
        except Refusal as refusal:
            wrong = _wrong(refusal)
        else:
            return redirect("letter_templates")
    context = {
        "rows": LetterTemplate.objects.order_by("name"),
        "chosen": chosen,
        "form": form,
        "wrong": wrong,
        "places": PLACES,
    }
    return render(request, "channels/templates.html", context, status=422 if wrong else 200)


@member_page
@require_http_methods(["GET", "POST"])
def stop_list(request: MemberRequest) -> HttpResponseBase:
    """Show whom we do not write to, add an address, or take a line off with the customer's word."""
    _need(request, ChannelPermission.SUPPRESS)
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            _change_stop_list(request)
        except Refusal as refusal:
            wrong = _wrong(refusal)
        else:
            return redirect("stop_list")
    before = whole_number(request.GET.get("before"))
    rows = Suppression.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: SHOWN + 1])
    context = {
        "rows": found[:SHOWN],
        "further": found[SHOWN - 1].pk if len(found) > SHOWN else "",
        "wrong": wrong,
        "given": request.POST,
    }
    return render(request, "channels/stop_list.html", context, status=422 if wrong else 200)


def _change_stop_list(request: MemberRequest) -> None:
    given = request.POST
    lifted = whole_number(given.get("lift"))
    if lifted is not None:
        row = get_object_or_404(Suppression.objects.all(), pk=lifted)
        actions.lift_suppression(row, evidence=given.get("evidence", ""), by=request.actor)
    else:
        actions.suppress_address(given.get("address", ""), evidence=given.get("evidence", ""), by=request.actor)


@member_page
@require_safe
def mailbox(request: MemberRequest) -> HttpResponse:
    """Show the letters that stayed on this machine."""
    _need(request, ChannelPermission.SETTINGS)
    before = whole_number(request.GET.get("before"))
    rows = StoredLetter.objects.order_by("-id").defer("data")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: SHOWN + 1])
    further = found[SHOWN - 1].pk if len(found) > SHOWN else ""
    return render(request, "channels/mailbox.html", {"rows": found[:SHOWN], "further": further})


@member_page
@require_safe
def mailbox_letter(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one letter that stayed here."""
    _need(request, ChannelPermission.SETTINGS)
    row = get_object_or_404(StoredLetter.objects.all(), pk=pk)
    return _letter_page(request, row, row.recipients[0])


def _letter_page(request: HttpRequest, row: StoredLetter | ServiceLetter, to: str) -> HttpResponse:
    letter = opened(bytes(row.data))
    context = {"row": row, "letter": letter, "html": without_styles(letter.html), "to": to}
    return render(request, "channels/mailbox_letter.html", context)


def _only_operator(request: MemberRequest) -> None:
    # A sign-in letter holds a way in: for everybody else the page does not exist.
    if not getattr(request.user, "is_operator", False):
        raise Http404


@member_page
@require_safe
def service_letters(request: MemberRequest) -> HttpResponse:
    """Show the installation's operator the sign-in letters that stayed here."""
    _only_operator(request)
    rows = ServiceLetter.objects.order_by("-id").defer("data")[:SHOWN]
    return render(request, "channels/service_letters.html", {"rows": rows})


@member_page
@require_safe
def service_letter(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the operator one sign-in letter."""
    _only_operator(request)
    row = get_object_or_404(ServiceLetter.objects.all(), pk=pk)
    return _letter_page(request, row, row.recipient)
