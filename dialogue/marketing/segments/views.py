"""Pages of segments: the list, one segment, comparing several, people by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dialogue.customers.parties.drafts import ENTITY as PARTY
from dialogue.customers.parties.models import Party
from dialogue.kit.dates import short_day
from dialogue.kit.doors import LARGEST, whole_number
from dialogue.kit.errors import Conflict, InvalidInput, NotPermitted, Refusal
from dialogue.kit.figures import print_count, print_share
from dialogue.kit.frozen import frozen
from dialogue.marketing.segments.actions import bin_segment, copy_segment, freeze_segment
from dialogue.marketing.segments.counting import SHOWN
from dialogue.marketing.segments.measuring import MOST_COMPARED, overlap_of, rates_of
from dialogue.marketing.segments.models import HandPick, Membership, Segment, SegmentDay, SegmentVersion, Verdict
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.marketing.segments.picking import pick_people, unpick_people
from dialogue.marketing.segments.rebuilding import is_small, measure_segment, rebuild_segment, start_rebuild
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.sentences import sentence_of
from dialogue.platform.jobs.models import Job
from dialogue.platform.lists.views.reading import list_page

DAYS, VERSIONS, PICKS, MEMBERS_READ = 60, 20, 100, 200
HEIGHT, BAR, GAP, ABOVE, BELOW = 96, 14, 4, 16, 20


@frozen
class Bar:
    """One day of the size: where its bar stands in the chart, in points, and its words."""

    x: int
    height: int
    words: str
    label: str

    @property
    def top(self) -> int:
        """Where the bar begins, from the chart's upper edge."""
        return ABOVE + HEIGHT - self.height


@member_page
@require_GET
def segment_list(request: MemberRequest) -> HttpResponseBase:
    """Show the list of segments."""
    return list_page(request, "segments")


def found(request: MemberRequest, pk: int) -> Segment:
    """Return the segment the member sees.

    Raises:
        Http404: there is none for him.
        NotPermitted: he may see no segments at all.
    """
    rows = Segment.objects.visible_to(request.actor).select_related("responsible")
    row = rows.filter(pk=pk).first() if pk < LARGEST else None
    if row is None:
        raise Http404
    if not request.actor.can(SegmentPermission.READ):
        raise NotPermitted(_("To see segments you must have the right to. Ask your administrator."))
    return row


def bars_of(days: list[SegmentDay]) -> list[Bar]:
    """Return the sizes of days as bars, the largest as high as the chart; about six of them are named."""
    most = max((day.size for day in days), default=0) or 1
    every = max(1, round(len(days) / 6))
    return [
        Bar(
            number * (BAR + GAP),
            max(round(HEIGHT * day.size / most), 1 if day.size else 0),
            f"{date_format(day.day, 'DATE_FORMAT')}: {print_count(day.size)}",
            short_day(day.day) if number % every == 0 and number < len(days) - 1 else "",
        )
        for number, day in enumerate(days)
    ]


@member_page
@require_GET
def segment_page(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show one segment: its rule in words, how large it is and was, how its people answer, who was decided by hand."""
    row = found(request, pk)
    return render(request, "segments/segment.html", _page(request, row))


def _page(request: MemberRequest, row: Segment) -> dict[str, Any]:
    asking = asking_of(request.actor, request.company)
    days = list(SegmentDay.objects.filter(segment=row).order_by("-day")[:DAYS])[::-1]
    bars = bars_of(days)
    mine, whole = rates_of(row.response)
    seen = Exists(Party.objects.visible_to(request.actor).filter(pk=OuterRef("party_id")))
    picked = HandPick.objects.filter(segment=row).select_related("party").annotate(is_seen=seen)
    picks = list(picked.order_by("-at", "-pk")[: PICKS + 1])
    versions = list(SegmentVersion.objects.filter(segment=row).order_by("-number")[:VERSIONS])
    members = Membership.objects.current().filter(segment_id=row.pk).values("party_id")[:MEMBERS_READ]
    people = Party.objects.visible_to(request.actor).select_related("company").filter(pk__in=members)[:SHOWN]
    return {
        "segment": row,
        "sentence": sentence_of(PARTY, row.tree, asking) if row.tree else "",
        "size": print_count(row.size),
        "share": print_share(row.size / row.base if row.base else None),
        "base": print_count(row.base),
        "rate": print_share(mine.share),
        "rate_low": print_share(mine.interval[0]),
        "rate_high": print_share(mine.interval[1]),
        "mine": mine,
        "mine_n": print_count(mine.touched),
        "whole_n": print_count(whole.touched),
        "base_rate": print_share(whole.share),
        "whole": whole,
        "times": round(mine.share / whole.share, 1) if mine.share is not None and whole.share else None,
        "days": days[::-1],
        "bars": bars,
        "chart": {
            "width": max(len(bars) * (BAR + GAP) - GAP, 60),
            "height": ABOVE + HEIGHT + BELOW,
            "floor": ABOVE + HEIGHT,
            "bar": BAR,
        },
        "people": people,
        "picks": [(pick, pick.is_seen) for pick in picks[:PICKS]],
        "more_picks": len(picks) > PICKS,
        "versions": [(one, sentence_of(PARTY, one.tree, asking) if one.tree else "") for one in versions],
        "used_in": Segment.objects.visible_to(request.actor).naming(row.pk).by_name(),
        "job": Job.objects.unfinished().filter(pk=row.job).first() if row.job else None,
        "may_write": request.actor.can(SegmentPermission.WRITE),
    }


def _refused(request: MemberRequest, refusal: Refusal) -> None:
    if isinstance(refusal, NotPermitted):
        raise refusal
    request.undo = True
    messages.error(request, refusal.message, extra_tags="bad")


@member_page
@require_POST
def segment_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseBase:
    """Fill the segment anew, keep its people of now, copy or delete it."""
    row, by = found(request, pk), request.actor
    try:
        if verb == "delete":
            bin_segment(row, by=by)
            return redirect("segment_list")
        if verb == "copy":
            return redirect("segment_page", copy_segment(row, request.POST.get("name", ""), by=by).pk)
        if verb == "freeze":
            freeze_segment(row, by=by)
        elif verb == "rebuild":
            _rebuild(row, request)
        else:
            raise Http404
    except Refusal as refusal:
        _refused(request, refusal)
    return redirect("segment_page", row.pk)


def _rebuild(row: Segment, request: MemberRequest) -> None:
    if not is_small():
        start_rebuild(row, by=request.actor)
        messages.info(request, _("The segment is being filled; you need not wait."))
        return
    built = rebuild_segment(row, by=request.actor)
    measure_segment(row, by=request.actor)
    words = _("In the segment: %(size)s; came: %(joined)s; left: %(left)s.")
    messages.info(
        request, words % {"size": print_count(built.size), "joined": print_count(built.joined), "left": print_count(built.left)}
    )


@member_page
@require_http_methods(["GET", "POST"])
def segment_pick(request: MemberRequest) -> HttpResponseBase:
    """Decide by hand about one customer and one segment in a dialog, or take a decision back."""
    asked = request.POST if request.method == "POST" else request.GET
    if not request.actor.can(SegmentPermission.WRITE):
        raise NotPermitted(_("To put people into segments you must have the right to change segments."))
    row = Segment.objects.visible_to(request.actor).filter(pk=whole_number(asked.get("segment")) or 0).first()
    person = Party.objects.visible_to(request.actor).filter(pk=whole_number(asked.get("party")) or 0).first()
    if request.method == "GET":
        return _pick_form(request, row, person, {})
    errors = {} if row else {"segment": _("Choose the segment.")}
    errors |= {} if person else {"party": _("Choose a customer from the list.")}
    if row is None or person is None:
        request.undo = True
        return _pick_form(request, row, person, errors)
    if request.POST.get("verdict") == "back":
        unpick_people(row, [person.pk], by=request.actor)
    else:
        verdict = request.POST.get("verdict", "")
        changed = pick_people(row, [person.pk], verdict, by=request.actor, note=request.POST.get("note", ""))
        if not changed:
            messages.info(request, _("Nothing changed: this was so already."))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return HttpResponseRedirect(reverse("segment_page", args=[row.pk]))


def _pick_form(request: MemberRequest, row: Segment | None, person: Party | None, errors: dict[str, str]) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    context = {
        "segment": row,
        "person": person,
        "from_card": bool(asked.get("from_card")),
        "choices": [] if row and not asked.get("from_card") else Segment.objects.visible_to(request.actor).by_name()[:500],
        "errors": errors,
        "note": asked.get("note", ""),
        "verdict": asked.get("verdict", Verdict.IN.value),
        "text": asked.get("party_text", person.name if person else ""),
    }
    return render(request, "segments/pick.html", context, status=422 if errors else 200)


@member_page
@require_GET
def segment_overlap(request: MemberRequest) -> HttpResponseBase:
    """Show how up to four segments overlap: every combination with its size."""
    if not request.actor.can(SegmentPermission.READ):
        raise NotPermitted(_("To see segments you must have the right to. Ask your administrator."))
    known = list(Segment.objects.visible_to(request.actor).by_name().defer("tree", "note", "response")[:500])
    asked = list(dict.fromkeys(code for code in request.GET.getlist("segment") if code))[:MOST_COMPARED]
    by_code = {row.code: row for row in known}
    chosen = [by_code[code] for code in asked if code in by_code]
    lines = overlap_of(chosen, exact=bool(request.GET.get("exact"))) if len(chosen) > 1 else []
    widest = max((line.count for line in lines), default=0) or 1
    context = {
        "choices": known,
        "slots": [(number + 1, chosen[number].code if number < len(chosen) else "") for number in range(MOST_COMPARED)],
        "chosen": chosen,
        "lines": [
            {
                "together": line,
                "count": print_count(line.count),
                "margin": print_count(line.plus_minus) if line.plus_minus else "",
                "share": print_share(line.share),
                "width": max(round(100 * line.count / widest), 1 if line.count else 0),
                "words": " + ".join(one.name for one in line.segments),
            }
            for line in lines
            if line.count
        ],
        "nobody": sum(1 for line in lines if not line.count),
        "sampled": any(line.plus_minus for line in lines),
        "exact_url": f"{request.GET.urlencode()}&exact=1",
        "as_of": min((row.built_at for row in chosen if row.built_at), default=None),
    }
    return render(request, "segments/overlap.html", context)


def refusals_of(refusal: Refusal) -> dict[str, str]:
    """Return a refusal as errors by field of a form."""
    if isinstance(refusal, NotPermitted):
        raise refusal
    if isinstance(refusal, InvalidInput):
        return {name: str(words) for name, words in refusal.errors.items()}
    if isinstance(refusal, Conflict) and not refusal.field:
        return {"": refusal.message}
    return {refusal.field.partition(".")[0] or "": refusal.message}
