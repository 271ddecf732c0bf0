"""Writing a campaign's letters, seeing them as any recipient, and the dialog that launches."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dialogue.customers.channels.blocks import Block, Kind, checked_blocks
from dialogue.customers.channels.frames import frame_address
from dialogue.customers.channels.texts import PLACES
from dialogue.customers.parties.models import Party
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.figures import print_count, print_share
from dialogue.marketing.campaigns.actions import remove_content, write_content
from dialogue.marketing.campaigns.editing import Line, cards_of, lines_given, lines_of, turned
from dialogue.marketing.campaigns.freezing import wanted_sql
from dialogue.marketing.campaigns.launching import launch_campaign, launch_soon
from dialogue.marketing.campaigns.letters import Texts, send_test, show_letter
from dialogue.marketing.campaigns.models import Campaign, Content, Person, Run, Test
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.preflight import look_before
from dialogue.marketing.campaigns.preparing import Power, is_large, kept_of, last_count, prepare, prepare_soon
from dialogue.marketing.campaigns.rules import held_out_of
from dialogue.marketing.campaigns.saying import hold_out_words
from dialogue.marketing.campaigns.views import found, head_of
from dialogue.marketing.campaigns.views_edit import refusals_of
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.jobs.models import JobState

SOME = 20


@member_page
@require_http_methods(["GET", "POST"])
def campaign_letters(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show and write the letter of an arm in a language."""
    row = found(request, pk)
    asked = request.POST if request.method == "POST" else request.GET
    arm = asked.get("arm", "a") if asked.get("arm", "a") in row.arms else "a"
    language = asked.get("language", "") if asked.get("language", "") in dict(settings.LANGUAGES) else ""
    errors: dict[str, str] = {}
    moving = request.method == "POST" and "do" in request.POST
    if request.method == "POST" and not moving:
        try:
            return _written(request, row, arm, language)
        except Refusal as refusal:
            request.undo = True
            errors = refusals_of(refusal)
    content_context = _content(request, row, errors)
    if moving and request.headers.get("HX-Request"):
        return render(request, "campaigns/content.html", content_context)
    texts = Texts(row)
    content = texts.rows.get((arm, language))
    again = bool(errors) or moving
    if not again and content is not None:
        content_context |= _shown(content.body, lines_of(content.blocks) if content.blocks else None)
    context = (
        head_of(request, row, "letters")
        | {
            "arm": arm,
            "language": language,
            "content": content,
            "subject": request.POST.get("subject", "") if again else content.subject if content else "",
            "arms": [(one, one.upper(), (one, "") in texts.rows) for one in row.arms] if len(row.arms) > 1 else [],
            "variants": [("", _("for everybody"), ("" in _languages(texts, arm)))]
            + [(code, str(name), code in _languages(texts, arm)) for code, name in settings.LANGUAGES],
            "subject_only": arm == "b" and row.test == Test.SUBJECT,
            "readers": _readers(request, row),
            "findings": [one for one in look_before(row).findings if one.where == "letters"] if row.is_draft else [],
        }
        | content_context
    )
    return render(request, "campaigns/letters.html", context, status=422 if errors else 200)


def _content(request: MemberRequest, row: Campaign, errors: dict[str, str]) -> dict[str, Any]:
    """Return what the editor of the content shows of a form that was given; nothing is written."""
    body, lines, fresh = turned(request.POST, request.POST.get("do", ""))
    return _shown(body, lines, fresh) | {
        "campaign": row,
        "errors": errors,
        "kinds": [(code, words) for code, words in Kind.choices if code != Kind.COUPON],
        "chosen_kind": request.POST.get("add_kind", Kind.TEXT),
        "moved": "do" in request.POST,
        "places": PLACES,
        "editable": (row.is_draft or row.is_under_way) and request.actor.can(CampaignPermission.WRITE),
    }


def _shown(body: str, lines: list[Line] | None, fresh: str = "") -> dict[str, Any]:
    return {"body": body, "cards": None if lines is None else cards_of(lines, fresh)}


def _languages(texts: Texts, arm: str) -> set[str]:
    return {language for one, language in texts.rows if one == arm}


def _written(request: MemberRequest, row: Campaign, arm: str, language: str) -> HttpResponseBase:
    given = request.POST
    if "remove" in given:
        remove_content(row, by=request.actor, arm=arm, language=language)
        return redirect("campaign_letters", row.pk)
    version = given.get("version", "")
    etag = int(version) if version.isdecimal() and len(version) < 9 else None
    write_content(
        row,
        by=request.actor,
        subject=given.get("subject", ""),
        body=given.get("body", ""),
        blocks=[one.block for one in lines_given(given)] if given.get("format") == "blocks" else [],
        arm=arm,
        language=language,
        etag=etag,
    )
    messages.success(request, _("Saved."))
    return redirect(f"{reverse('campaign_letters', args=[row.pk])}?arm={arm}&language={language}")


def _readers(request: MemberRequest, row: Campaign) -> list[Party]:
    """Return some of the people who get, or would get, the letter, as far as the member may see them."""
    seen = Party.objects.visible_to(request.actor)
    run = Run.objects.filter(campaign=row).order_by("-number").first()
    if run is not None:
        ids = list(
            Person.objects.filter(run_id=run.pk).reached().order_by("party_id").values_list("party_id", flat=True)[:SOME]
        )
        return list(seen.filter(pk__in=ids).order_by("pk"))
    try:
        sql, values = wanted_sql(row)
    except Refusal:
        return []
    ids = [one.pk for one in Party.objects.raw(f"SELECT id FROM ({sql}) w (id) LIMIT {SOME}", values)]
    return list(seen.filter(pk__in=ids).order_by("pk"))


def _reader(request: MemberRequest, row: Campaign) -> Party:
    """Return whose letter is shown: the chosen customer, else one who gets it, else the first one there is."""
    seen = Party.objects.visible_to(request.actor).select_related("company")
    chosen = request.POST.get("reader", "") or request.POST.get("party", "")
    party = seen.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 19 else None
    readers = [] if party else _readers(request, row)
    party = party or (readers[0] if readers else seen.order_by("pk").first())
    if party is None:
        raise Refusal(_("To see the letter there must be a customer who reads it."), field="party")
    return party


@member_page
@require_POST
def campaign_preview(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the letter as one of its readers gets it, wide, on a phone and as plain text; nothing is written."""
    row = found(request, pk)
    if not request.actor.can(CampaignPermission.WRITE):
        raise NotPermitted(_("To plan campaigns you must have the right to. Ask your administrator."))
    context: dict[str, Any] = {"campaign": row}
    try:
        party = _reader(request, row)
        subject, body, blocks = _asked(request, row)
        if "test" in request.POST:
            context["sent"] = send_test(row, by=request.actor, party=party, subject=subject, body=body, blocks=blocks)
        letter = show_letter(subject, body, party, campaign=row, blocks=blocks)
        context |= {"letter": letter, "party": party, "size": filesizeformat(letter.size)}
        if blocks:
            context["frame"] = frame_address(letter.html)
    except NotPermitted:
        raise
    except Refusal as refusal:
        request.undo = True
        context["wrong"] = refusals_of(refusal)
    return render(request, "campaigns/letters.html#preview", context)


def _asked(request: MemberRequest, row: Campaign) -> tuple[str, str, list[Block]]:
    subject, body = request.POST.get("subject", ""), request.POST.get("body", "")
    blocks: list[Block] = []
    if request.POST.get("format") == "blocks":
        blocks = checked_blocks([one.block for one in lines_given(request.POST)])
    if request.POST.get("arm") == "b" and row.test == Test.SUBJECT:
        first = Content.objects.filter(campaign=row, arm="a", language__in=[request.POST.get("language", ""), ""]).current()
        found = next(iter(sorted(first, key=lambda one: one.language, reverse=True)), None)
        body, blocks = (found.body, found.blocks) if found else ("", [])
    return subject, body, blocks


@member_page
@require_http_methods(["GET", "POST"])
def campaign_launch(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show whom a launch now would reach, hold out and leave out, with reasons; on POST launch."""
    row = found(request, pk)
    if not request.actor.can(CampaignPermission.LAUNCH):
        raise NotPermitted(_("To launch campaigns you must have the right to. Ask your administrator."))
    if request.method == "GET":
        return _dialog(request, row)
    if "count" in request.POST:
        prepare_soon(row, by=request.actor)
        return _dialog(request, row)
    try:
        if is_large(row):
            launch_soon(row, by=request.actor)
            messages.info(request, _("The campaign is being launched; you need not wait."))
        else:
            launch_campaign(row, by=request.actor)
    except NotPermitted:
        raise
    except Refusal as refusal:
        request.undo = True
        return _dialog(request, row, refusal.message)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("campaign_page", args=[row.pk])})
    return redirect("campaign_page", row.pk)


def _dialog(request: MemberRequest, row: Campaign, refused: str = "") -> HttpResponseBase:
    context: dict[str, Any] = {"campaign": row, "refused": refused}
    known = kept_of(row) if is_large(row) else None
    if known is None and is_large(row) and not refused:
        job = last_count(row)
        if job is not None and job.state == JobState.FAILED and request.method == "GET":
            context["refused"] = job.error
        else:
            context["counting"] = "goes" if job is not None and job.is_open else "asks"
        return render(request, "campaigns/launch.html", context)
    try:
        known = known or prepare(row)
    except Refusal as refusal:
        context["refused"] = refused or refusal.message
        return render(request, "campaigns/launch.html", context, status=422 if refused else 200)
    audience = known.audience
    context |= {
        "audience": {
            "total": print_count(audience.total),
            "included": print_count(audience.included),
            "held_out": print_count(audience.held_out),
            "excluded": print_count(audience.excluded),
        },
        "reasons": [(reason.label, print_count(count)) for reason, count in audience.lines()],
        "hold_out": hold_out_words(row.hold_out, held_out_of(row.hold_out, audience.reachable)),
        "findings": known.preflight.findings,
        "stopped": bool(known.preflight.stops),
        "power": power_words(known.power),
        "counted": audience.as_of,
        "starts_on": row.starts_on if row.starts_on and row.starts_on > request.company.today() else None,
    }
    return render(request, "campaigns/launch.html", context, status=422 if refused else 200)


def power_words(power: Power | None) -> str:
    """Return what the comparison with those held out will be able to show, in a sentence."""
    if power is None:
        return _("Nobody is held out: the result will not say what would have come anyway.")
    words = _(
        "%(share)s of these people bought within the last 30 days. With %(reached)s reached and %(held)s held out the result can "
        "show a difference of %(lift)s or more (in 4 of 5 cases)."
    )
    lift = f"{print_share(power.lift, 2).removesuffix(chr(160) + '%')}\N{NO-BREAK SPACE}" + _("percentage points")
    return words % {
        "share": print_share(power.share),
        "reached": print_count(power.reached),
        "held": print_count(power.held),
        "lift": lift,
    }
