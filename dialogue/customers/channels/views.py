"""Writing a letter from the card."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dialogue.customers.channels.actions import Draft, cancel_letter, filled, leave_unknown, send_again, write_letter
from dialogue.customers.channels.compose import letter_texts
from dialogue.customers.channels.models import Delivery, LetterTemplate
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.policy import EMAIL, point_to_write, refuse_locked, refuse_suppressed
from dialogue.customers.channels.texts import PLACES, html_body
from dialogue.customers.parties.models import ContactKind, ContactPoint, Party, Purpose
from dialogue.customers.timeline.views import panel, told
from dialogue.kit.doors import visible_or_404, whole_number
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.outgoing import real_server

VERBS = {"again": send_again, "leave": leave_unknown, "cancel": cancel_letter}


def purposes() -> list[tuple[str, str]]:
    """Return what a letter may be about, in a writer's words."""
    return [
        (Purpose.SERVICE, _("his request, deal or order")),
        (Purpose.MARKETING, _("an offer or news (needs his consent)")),
        (Purpose.RESEARCH, _("a question for research (needs his consent)")),
    ]


def _party(request: MemberRequest, pk: int) -> Party:
    if not request.actor.can(ChannelPermission.SEND):
        raise NotPermitted(_("To write letters you must have the permission for it. Ask your administrator."))
    return visible_or_404(Party.objects.visible_to(request.actor).select_related("company"), pk)


def _draft(request: MemberRequest, party: Party) -> Draft:
    given = request.POST
    point, identity, once = given.get("point", ""), given.get("identity", ""), given.get("once", "")
    try:
        number = UUID(once) if once else None
    except ValueError:
        number = None
    return Draft(
        subject=given.get("subject", ""),
        text=given.get("text", ""),
        purpose=given.get("purpose", Purpose.SERVICE),
        point=ContactPoint.objects.filter(party=party, pk=whole_number(point) or 0).first(),
        identity=SenderIdentity.objects.in_use().filter(pk=whole_number(identity) or 0).first(),
        once=number,
    )


def _barred(request: MemberRequest, party: Party) -> str:
    """Return why no letter at all can be written to this customer, in words, "" where one can."""
    try:
        refuse_locked(request.company)
        point = point_to_write(party)
        refuse_suppressed(EMAIL, Purpose.SERVICE, point.normal)
    except Refusal as refusal:
        return refusal.message
    return ""


def _dialog(request: MemberRequest, party: Party, form: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {
        "party": party,
        "form": form,
        "points": ContactPoint.objects.filter(party=party, kind=ContactKind.EMAIL).order_by("-is_primary", "id"),
        "senders": list(SenderIdentity.objects.in_use()),
        "templates": list(LetterTemplate.objects.order_by("name")),
        "purposes": purposes(),
        "places": PLACES,
        "stays": request.company.is_demo or real_server() is None,
    }
    return render(request, "channels/write.html", context, status=status)


@member_page
@require_http_methods(["GET", "POST"])
def letter_new(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Write a letter to a customer."""
    party = _party(request, pk)
    if request.method == "GET":
        template = LetterTemplate.objects.filter(pk=whole_number(request.GET.get("template")) or 0).first()
        form: dict[str, Any] = {
            "once": str(uuid4()),
            "purpose": request.GET.get("purpose", Purpose.SERVICE),
            "barred": _barred(request, party),
        }
        if template is not None:
            form |= {"subject": template.subject, "text": template.text, "template": template.pk}
        return _dialog(request, party, form)
    try:
        write_letter(party, _draft(request, party), by=request.actor)
    except Refusal as refusal:
        return _dialog(request, party, _given(request) | {"wrong": _wrong(refusal)}, refusal.status)
    return told(request, party)


def _given(request: MemberRequest) -> dict[str, Any]:
    return {name: request.POST.get(name, "") for name in ("subject", "text", "purpose", "point", "identity", "once")}


def _wrong(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, InvalidInput):
        return dict(refusal.errors)
    return {refusal.field or "form": refusal.message}


@member_page
@require_POST
def letter_preview(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the letter as it will be read; nothing is written."""
    party = _party(request, pk)
    try:
        subject, text = filled(_draft(request, party), party, by=request.actor)
    except Refusal as refusal:
        return render(request, "channels/write.html#preview", {"wrong": _wrong(refusal)})
    language = party.language or request.company.language
    plain, _html = letter_texts(text, company=request.company, language=language, follow=str, unsubscribe="…")
    context = {"subject": subject, "plain": plain, "body": html_body(text, str)}
    return render(request, "channels/write.html#preview", context)


@member_page
@require_POST
def letter_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponse:
    """Send a letter again, take it as arrived, or stop it; show the dialogue with it."""
    if verb not in VERBS:
        raise Http404
    delivery = visible_or_404(Delivery.objects.visible_to(request.actor).select_related("party"), pk)
    VERBS[verb](delivery, by=request.actor)
    return HttpResponse(panel(request, delivery.party))
