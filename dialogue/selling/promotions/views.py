"""The pages of coupons: the list, one series with its uses, a new series, the codes as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dialogue.customers.sources.models import Source, source_names
from dialogue.kit.doors import visible_or_404, whole_number
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.selling.promotions import actions
from dialogue.selling.promotions.figures import figures_of
from dialogue.selling.promotions.models import Coupon, Series, Use
from dialogue.selling.promotions.permissions import PromotionPermission

SHOWN, MOST_SOURCES = 100, 200
FIELDS = ("name", "source", "offer", "code", "prefix", "starts_on", "ends_on", "limit", "kind")
# What a form takes; the field itself holds somewhat more.
MOST_USES = 999_999_999


def _need(request: MemberRequest, permission: str = PromotionPermission.READ) -> None:
    if not request.actor.can(permission):
        raise NotPermitted(
            _("To do this you must have the permission “%(permission)s”. Ask your administrator.") % {"permission": permission}
        )


@member_page
@require_safe
def coupons(request: MemberRequest) -> HttpResponse:
    """Show the series of coupons with what became of them, the newest first."""
    _need(request)
    before = whole_number(request.GET.get("before"))
    found = Series.objects.newest()
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: SHOWN + 1])
    more, rows = len(rows) > SHOWN, rows[:SHOWN]
    figures = figures_of(rows)
    names = source_names(row.source for row in rows if row.source)
    context = {
        "rows": [(row, figures[row.pk], names.get(row.source or 0, "")) for row in rows],
        "may": request.actor.can(PromotionPermission.WRITE),
        "before": rows[-1].pk if more else None,
    }
    return render(request, "promotions/coupons.html", context)


def _before(text: str) -> tuple[datetime, int] | None:
    """Return the moment and number after which the next page of uses begins, None where the text names none."""
    moment, _space, digits = text.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    number = whole_number(digits)
    return (at, number) if at.tzinfo and number is not None else None


def _day(text: str, field: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = parse_date(text.strip())
    except ValueError:
        day = None
    if day is None:
        raise InvalidInput({field: _("Give a date.")})
    return day


def _draft(request: MemberRequest) -> actions.SeriesDraft:
    given = request.POST
    one = given.get("kind") == "one"
    limit = whole_number(given.get("limit"), MOST_USES)
    if limit is None and given.get("limit", "").strip():
        raise InvalidInput({"limit": _("Give how often it may be used, or nothing.")})
    if one and not given.get("code", "").strip():
        raise InvalidInput({"code": _("Give the code that everybody uses.")})
    return actions.SeriesDraft(
        name=given.get("name", ""),
        source=whole_number(given.get("source")),
        offer=given.get("offer", ""),
        code=given.get("code", "") if one else "",
        prefix=given.get("prefix", ""),
        starts_on=_day(given.get("starts_on", ""), "starts_on"),
        ends_on=_day(given.get("ends_on", ""), "ends_on"),
        once_each="once_each" in given,
        limit=limit,
    )


@member_page
@require_http_methods(["GET", "POST"])
def series_new(request: MemberRequest) -> HttpResponseBase:
    """Make a series of coupons."""
    _need(request, PromotionPermission.WRITE)
    form: dict[str, object] = {"kind": "each", "once_each": True}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        form = {name: request.POST.get(name, "") for name in FIELDS} | {"once_each": "once_each" in request.POST}
        try:
            row = actions.create_series(_draft(request), by=request.actor)
        except Refusal as refusal:
            wrong = refusal.errors if isinstance(refusal, InvalidInput) else {refusal.field or "name": refusal.message}
        else:
            return redirect("coupon_series", pk=row.pk)
    sources = [(str(pk), name) for pk, name in Source.objects.campaigns().values_list("pk", "name")[:MOST_SOURCES]]
    context = {"form": form, "wrong": wrong, "sources": sources}
    return render(request, "promotions/new.html", context, status=422 if wrong else 200)


@member_page
@require_safe
def series(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a series: what became of it, and its latest uses with whether they count."""
    _need(request)
    row = visible_or_404(Series.objects.all(), pk)
    uses = Use.objects.visible_to(request.actor).living().filter(series=row).select_related("party").order_by("-at", "-id")
    before = _before(request.GET.get("before", ""))
    if before is not None:
        uses = uses.filter(Q(at__lt=before[0]) | Q(at=before[0], pk__lt=before[1]), at__lte=before[0])
    page = list(uses[: SHOWN + 1])
    context = {
        "row": row,
        "figures": figures_of([row])[row.pk],
        "campaign": source_names([row.source] if row.source else []).get(row.source or 0, ""),
        "uses": page[:SHOWN],
        "before": f"{page[SHOWN - 1].at.isoformat()} {page[SHOWN - 1].pk}" if len(page) > SHOWN else "",
        "may": request.actor.can(PromotionPermission.WRITE),
    }
    return render(request, "promotions/series.html", context)


@member_page
@require_POST
def series_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseBase:
    """Issue codes without names, or close the series."""
    row = visible_or_404(Series.objects.all(), pk)
    try:
        if verb == "issue":
            made = actions.issue_codes(row, whole_number(request.POST.get("count")) or 0, by=request.actor)
            messages.success(request, ngettext("%(count)d code made.", "%(count)d codes made.", made) % {"count": made})
        elif verb == "close":
            actions.close_series(row, by=request.actor)
        else:
            raise Http404
    except NotPermitted:
        raise
    except Refusal as refusal:
        request.undo = True
        messages.error(request, refusal.message, extra_tags="bad")
    return redirect("coupon_series", pk=pk)


class _Echo:
    def write(self, value: str) -> str:
        return value


@member_page
@require_safe
def codes(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Return the codes of a series as a CSV file: the code, the number of its customer, when it was issued."""
    _need(request, PromotionPermission.WRITE)
    row = visible_or_404(Series.objects.all(), pk)
    found = list(Coupon.objects.filter(series=row).order_by("id").values_list("code", "party_id", "at")[: actions.MOST_AT_ONCE])

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield str(writer.writerow(["code", "customer", "issued"]))
        for code, party, at in found:
            yield str(writer.writerow([code, party or "", at.date().isoformat()]))

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="coupons-{row.pk}.csv"'
    return response
