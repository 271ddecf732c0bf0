"""Writing a campaign's letters, seeing them as any recipient, and the dialog that launches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dialogue.customers.channels.blocks import Block, Kind, checked_blocks
from dialogue.customers.channels.frames import frame_address
from dialogue.customers.channels.policy import SENDERS
from dialogue.customers.channels.texts import PLACES
from dialogue.customers.parties.models import Party
from dialogue.kit.doors import whole_number
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.figures import print_count, print_share
from dialogue.kit.frozen import frozen
from dialogue.kit.statement import Asked as Reading
from dialogue.kit.statement import read_ahead
from dialogue.marketing.campaigns.actions import move_letter, remove_content, write_content
from dialogue.marketing.campaigns.editing import FIND, Line, cards_of, lines_given, lines_of, turned, wish_of
from dialogue.marketing.campaigns.freezing import LISTED, wanted_sql
from dialogue.marketing.campaigns.freezing import lines_of as lines_of_campaign
from dialogue.marketing.campaigns.goods import block_with, goods_named
from dialogue.marketing.campaigns.launching import launch_campaign, launch_soon
from dialogue.marketing.campaigns.letters import CONTENTS, Texts, send_test, show_letter
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, Person, Run, Test
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.preflight import look_at_letters
from dialogue.marketing.campaigns.preparing import Power, is_large, kept_of, last_count, prepare, prepare_soon
from dialogue.marketing.campaigns.rules import held_out_of
from dialogue.marketing.campaigns.saying import hold_out_words, hours_words, letter_names
from dialogue.marketing.campaigns.views import found, head_of
from dialogue.marketing.campaigns.views_edit import refusals_of
from dialogue.marketing.campaigns.vouchers import PLACE as COUPON
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.jobs.models import JobState
from dialogue.platform.mail.outgoing import SERVER

SOME = 20
MOST_LETTERS = 9_999


@frozen
class Asked:
    """Which letter a page shows: of which segment (its number, 0 for everybody), arm and language."""

    letter: int
    arm: str
    language: str

    @classmethod
    def of(cls, request: MemberRequest, row: Campaign, lines: Sequence[CampaignSegment]) -> Asked:
        """Return what the request asks for, as far as there is such a thing."""
        given = request.POST if request.method == "POST" else request.GET
        arm, language = given.get("arm", "a"), given.get("language", "")
        return cls(
            next((one.number for one in lines if str(one.number) == given.get("letter", "")), 0),
            arm if arm in row.arms else "a",
            language if language in dict(settings.LANGUAGES) else "",
        )

    def page(self, row: Campaign) -> HttpResponseBase:
        """Return the way to its page."""
        address = reverse("campaign_letters", args=[row.pk])
        return redirect(f"{address}?letter={self.letter}&arm={self.arm}&language={self.language}")


@member_page
@require_http_methods(["GET", "POST"])
def campaign_letters(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show and write the letter of a segment or everybody, of an arm, in a language."""
    row = found(request, pk)
    lines = list(CampaignSegment.objects.filter(campaign=row).addressed())
    asked = Asked.of(request, row, lines)
    errors: dict[str, str] = {}
    moving = request.method == "POST" and bool(wish_of(request.POST))
    if request.method == "POST" and not moving:
        try:
            return _written(request, row, asked)
        except Refusal as refusal:
            request.undo = True
            errors = refusals_of(refusal)
    content = _content(request, row, asked, errors)
    if moving and request.headers.get("HX-Request"):
        return render(request, "campaigns/content.html", content)
    texts = Texts(row)
    mine = texts.of_letter(asked.letter)
    known = mine.get((asked.arm, asked.language))
    # Another letter begins as a copy of the one its readers get now.
    begun = known or (texts.content(asked.arm, asked.language, asked.letter) if asked.letter or asked.language else None)
    if not errors and not moving:
        content |= _shown(begun.body, lines_of(begun.blocks) if begun.blocks else None) if begun else {}
        content["subject"] = begun.subject if begun else ""
    head = head_of(request, row, "letters")
    context = head | {
        "asked": asked,
        "content": known,
        "copied": known is None and begun is not None,
        "letters": _letter_lines(texts, lines) if len(lines) > 1 or texts.own else [],
        "arms": [(one, one.upper(), (one, "") in mine) for one in row.arms] if len(row.arms) > 1 else [],
        "variants": [("", _("any language"), (asked.arm, "") in mine)]
        + [(code, str(name), (asked.arm, code) in mine) for code, name in settings.LANGUAGES],
        "subject_only": asked.arm == "b" and row.test == Test.SUBJECT,
        "readers": _readers(request, row, head["run"], asked.letter),
        # Who has written nothing yet has done nothing wrong.
        "findings": look_at_letters(row, texts, lines) if row.is_draft and (texts.rows or texts.own) else [],
    }
    return render(request, "campaigns/letters.html", context | content, status=422 if errors else 200)


def _content(request: MemberRequest, row: Campaign, asked: Asked, errors: dict[str, str]) -> dict[str, Any]:
    """Return what the editor of the content shows of a form that was given; nothing is written."""
    wish = wish_of(request.POST)
    body, lines, fresh = turned(request.POST, wish)
    verb, _dot, key = wish.partition(".")
    key, _dot, product = key.partition(".")
    for line in lines or []:
        if line.key == key and line.block["kind"] == Kind.PRODUCT:
            if verb == FIND:
                line.found = goods_named(line.search, row)
            elif verb == "take":
                line.block, line.search = block_with(line.block, whole_number(product) or 0, row, asked.language), ""
                fresh = key
    return _shown(body, lines, fresh) | {
        "campaign": row,
        "errors": errors,
        "kinds": Kind.choices,
        "chosen_kind": request.POST.get("add_kind", Kind.TEXT),
        "moved": bool(wish) and verb != FIND,
        "subject": request.POST.get("subject", ""),
        "places": (*PLACES, COUPON) if row.coupons_id else PLACES,
        "editable": (row.is_draft or row.is_under_way) and request.actor.can(CampaignPermission.WRITE),
    }


@member_page
@require_GET
def campaign_goods(request: MemberRequest, pk: int, key: int) -> HttpResponse:
    """Show the products that a block may be filled from, as their name is typed."""
    row = found(request, pk)
    one = {"key": key, "found": goods_named(request.GET.get(f"{FIND}.{key}", ""), row)}
    return render(request, "campaigns/goods.html", {"campaign": row, "one": one})


def _shown(body: str, lines: list[Line] | None, fresh: str = "") -> dict[str, Any]:
    return {"body": body, "cards": None if lines is None else cards_of(lines, fresh)}


def _letter_lines(texts: Texts, lines: list[CampaignSegment]) -> list[tuple[int, str, bool]]:
    """Return the letters there are and may be: (number, for whom, whether it is written), everybody's last."""
    written = {number for number, _arm, _language in texts.own}
    return [(one.number, one.name, one.number in written) for one in lines] + [(0, _("for everybody else"), bool(texts.rows))]


def _written(request: MemberRequest, row: Campaign, asked: Asked) -> HttpResponseBase:
    given, by = request.POST, request.actor
    if "remove" in given:
        remove_content(row, by=by, arm=asked.arm, language=asked.language, letter=asked.letter)
        return redirect("campaign_letters", row.pk)
    if given.get("order") in {"up", "down"}:
        move_letter(row, asked.letter, by=by, up=given["order"] == "up")
        return asked.page(row)
    write_content(
        row,
        by=request.actor,
        subject=given.get("subject", ""),
        body=given.get("body", ""),
        blocks=[one.block for one in lines_given(given)] if given.get("format") == "blocks" else [],
        arm=asked.arm,
        language=asked.language,
        letter=asked.letter,
        etag=whole_number(given.get("version")),
    )
    messages.success(request, _("Saved."))
    return asked.page(row)


def _readers(request: MemberRequest, row: Campaign, run: Run | None, letter: int = 0) -> list[Party]:
    """Return some of the people who get, or would get, the letter, as far as the member may see them."""
    whose = {"letter": letter} if letter else {}
    seen = Party.objects.visible_to(request.actor)
    if run is not None:
        ids = list(
            Person.objects.filter(run_id=run.pk, **whose)
            .reached()
            .order_by("party_id")
            .values_list("party_id", flat=True)[:SOME]
        )
        return list(seen.filter(pk__in=ids).order_by("pk"))
    try:
        sql, values = wanted_sql(row, letter)
    except Refusal:
        return []
    ids = [one.pk for one in Party.objects.raw(f"SELECT id FROM ({sql}) w (id) LIMIT {SOME}", values)]
    return list(seen.filter(pk__in=ids).order_by("pk"))


def _number(request: MemberRequest) -> int:
    """Return the number of the letter's segment that a preview names."""
    return whole_number(request.POST.get("letter"), MOST_LETTERS) or 0


def _reader(request: MemberRequest, row: Campaign) -> Party:
    """Return whose letter is shown: the chosen customer, else one who gets it, else the first one there is."""
    seen = Party.objects.visible_to(request.actor).select_related("company")
    chosen = whole_number(request.POST.get("reader") or request.POST.get("party"))
    party = None if chosen is None else seen.filter(pk=chosen).first()
    readers = [] if party else _readers(request, row, Run.objects.newest_of(row), _number(request))
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
        context |= {"letter": letter, "party": party, "size": filesizeformat(letter.size), "tracker": settings.PUBLIC_URL}
        if blocks:
            context["frame"] = frame_address(letter.html)
        else:
            context["held"] = letter.html
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
        first = Texts(row).content("a", request.POST.get("language", ""), _number(request))
        body, blocks = (first.body, first.blocks) if first else ("", [])
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
        if is_large(lines_of_campaign(row)):
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
    segments = lines_of_campaign(row)
    large = is_large(segments)
    mine = {"campaign": row.pk}
    asked: list[Reading] = [(CONTENTS, None, mine), (SENDERS, None, {}), (SERVER, None, {})]
    if not large:
        # A large campaign is counted by a job, which reads the stop list for itself.
        asked.append((LISTED, None, {}))
    with read_ahead(asked):
        return _counted(request, row, segments, refused, large=large)


def _counted(
    request: MemberRequest, row: Campaign, segments: Sequence[CampaignSegment], refused: str, *, large: bool
) -> HttpResponseBase:
    context: dict[str, Any] = {"campaign": row, "refused": refused}
    known = kept_of(row, segments) if large else None
    if known is None and large and not refused:
        job = last_count(row)
        if job is not None and job.state == JobState.FAILED and request.method == "GET":
            context["refused"] = job.error
        else:
            context["counting"] = "goes" if job is not None and job.is_open else "asks"
        return render(request, "campaigns/launch.html", context)
    try:
        known = known or prepare(row, segments)
    except Refusal as refusal:
        context["refused"] = refused or refusal.message
        return render(request, "campaigns/launch.html", context, status=422 if refused else 200)
    audience = known.audience
    starts_on = row.starts_on if row.starts_on and row.starts_on > request.company.today() else None
    context |= {
        "audience": {
            "total": print_count(audience.total),
            "included": print_count(audience.included),
            "held_out": print_count(audience.held_out),
            "excluded": print_count(audience.excluded),
        },
        "reasons": [(reason.label, print_count(count)) for reason, count in audience.lines()],
        "letters": _by_letter(row, audience.letters, segments),
        "hold_out": hold_out_words(row.hold_out, held_out_of(row.hold_out, audience.reachable)),
        "findings": known.preflight.findings,
        "stopped": bool(known.preflight.stops),
        "power": power_words(known.power),
        "counted": audience.as_of,
        "starts_on": starts_on,
        "hours": "" if starts_on else hours_words(request.company, timezone.now()),
    }
    return render(request, "campaigns/launch.html", context, status=422 if refused else 200)


def _by_letter(row: Campaign, counts: dict[str, int], segments: Sequence[CampaignSegment]) -> list[tuple[str, str]]:
    """Return how many get which letter, nothing where everybody gets the same."""
    if not set(counts) - {"0"}:
        return []
    return [
        (name, print_count(counts.get(str(number), 0)))
        for number, name in letter_names(row, segments).items()
        if str(number) in counts
    ]


def power_words(power: Power | None) -> str:
    """Return what the comparison with those held out will be able to show, in a sentence."""
    if power is None:
        return _("The result will not say what would have come anyway.")
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
