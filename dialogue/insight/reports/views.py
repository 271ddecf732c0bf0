"""The Analytics tab: the consolidated report as a page, on paper and as CSV."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dialogue.insight.reports.consolidated import STEPS, Period, Report, consolidated, report_query
from dialogue.kit.dates import short_day, short_month
from dialogue.kit.errors import NotPermitted
from dialogue.kit.frozen import record
from dialogue.kit.money import print_money
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.lists.exports import harmless
from dialogue.platform.lists.inputs import further_inputs, quick_inputs
from dialogue.platform.lists.permissions import ListPermission

THIN, THICK, GAP, HEIGHT, WIDTH = 9, 28, 8, 140, 720
ABOVE, BELOW, WIDEST, LEGIBLE = 18, 22, 96, 52


@record
class Bar:
    """Two bars of one period: new and won."""

    x: int
    new: int
    won: int
    words: str
    counts: tuple[int, int]
    label: str

    @property
    def new_top(self) -> int:
        """Return where the bar of new deals begins, in points from the chart's upper edge."""
        return ABOVE + HEIGHT - self.new

    @property
    def won_top(self) -> int:
        """Return where the bar of won deals begins, in points from the chart's upper edge."""
        return ABOVE + HEIGHT - self.won


def step_of(request: MemberRequest) -> str:
    """Return how fine the periods are."""
    asked = request.GET.get("by", "")
    return asked if asked in STEPS else "month"


def name_of(period: Period, step: str) -> str:
    """Return a period in words."""
    if step == "month":
        return date_format(period.first, "YEAR_MONTH_FORMAT")
    return date_format(period.first, "SHORT_DATE_FORMAT")


def bar_of(report: Report) -> int:
    """Return how wide one bar is: few periods have thick ones."""
    return max(THIN, min(THICK, WIDTH // (2 * max(len(report.periods), 1) + 1)))


def slot_of(report: Report) -> int:
    """Return how wide the place of one period is."""
    return max(2 * bar_of(report) + GAP, min(WIDEST, WIDTH // max(len(report.periods), 1)))


def bars_of(report: Report, step: str) -> list[Bar]:
    """Return the chart's bars, the tallest as high as the chart; of many periods every second, third … is named."""
    highest = max([max(one.new, one.won) for one in report.periods] or [1]) or 1
    wide = slot_of(report)
    every = max(1, -(-LEGIBLE // wide))
    last = len(report.periods) - 1
    return [
        Bar(
            number * wide + (wide - 2 * bar_of(report)) // 2,
            round(one.new * HEIGHT / highest),
            round(one.won * HEIGHT / highest),
            _("%(period)s: new %(new)d, won %(won)d") % {"period": name_of(one, step), "new": one.new, "won": one.won},
            (one.new, one.won),
            "" if (last - number) % every else short_month(one.first) if step == "month" else short_day(one.first),
        )
        for number, one in enumerate(report.periods)
    ]


@member_page
@require_GET
def analytics(request: MemberRequest) -> HttpResponseBase:
    """Show the consolidated report; its tables come alone for a change of filter, and as CSV on demand."""
    step = step_of(request)
    query = report_query(request.GET, asking_of(request.actor, request.company))
    report = consolidated(query, request.company, step)
    if request.GET.get("form") == "csv":
        if not request.actor.can(ListPermission.EXPORT):
            raise NotPermitted(_("To take the report as a file you must have the right to export. Ask your administrator."))
        return _csv(report, step)
    context = _tables(report, step) | {"query": query, "address": query.address(form=None), "today": request.company.today()}
    if request.headers.get("HX-Target") == "report":
        return render(request, "reports/analytics.html#report", context)
    context |= {
        "inputs": quick_inputs(query, query.facets()),
        "further": further_inputs(query),
        "conditions": [one for one in query.fields.values() if one.filterable],
        "presets": query.page.presets,
        "preset": query.preset,
        "may_export": request.actor.can(ListPermission.EXPORT),
        "page": query.page,
    }
    return render(request, "reports/analytics.html", context)


def _tables(report: Report, step: str) -> dict[str, Any]:
    def money(amount: Decimal) -> str:
        return print_money(amount, report.currency)

    figures = [
        (_("Deals"), report.count, money(report.total)),
        (_("Open deals"), report.by_class["open"][0], money(report.by_class["open"][1])),
        (_("Won deals"), report.by_class["won"][0], money(report.by_class["won"][1])),
        (_("Lost deals"), report.by_class["lost"][0], money(report.by_class["lost"][1])),
    ]
    bars = bars_of(report, step)
    return {
        "report": report,
        "step": step,
        "steps": [("day", _("By day")), ("week", _("By week")), ("month", _("By month"))],
        "figures": figures,
        "stages": [(row, money(row.total)) for row in report.rows],
        "total": money(report.total),
        "periods": [(one, name_of(one, step), money(one.new_total), money(one.won_total)) for one in reversed(report.periods)],
        "bars": bars,
        "chart": {
            "width": max(len(bars), 1) * slot_of(report),
            "height": ABOVE + HEIGHT + BELOW,
            "floor": ABOVE + HEIGHT,
            "foot": ABOVE + HEIGHT + 16,
            "bar": bar_of(report),
            "half": bar_of(report) // 2,
        },
    }


def plain(amount: Decimal) -> str:
    """Return an amount as a table of numbers keeps it, without an exponent."""
    return f"{amount.normalize():f}"


def _csv(report: Report, step: str) -> HttpResponse:
    text = io.StringIO()
    out = csv.writer(text, delimiter=";")
    out.writerow(
        [
            _("Stage"),
            _("Deals"),
            f"{_('Budget')}, {report.currency}",
            f"{_('Share of deals')}, %",
            f"{_('Share of the sum')}, %",
        ]
    )
    for row in report.rows:
        out.writerow([harmless(row.stage.name), row.count, plain(row.total), row.share_count, row.share_total])
    out.writerow([_("Total"), report.count, plain(report.total), "", ""])
    out.writerow([])
    sums = report.currency
    out.writerow([_("Period"), _("New deals"), f"{_('New deals')}, {sums}", _("Won deals"), f"{_('Won deals')}, {sums}"])
    for one in report.periods:
        out.writerow([one.first.isoformat(), one.new, plain(one.new_total), one.won, plain(one.won_total)])
    out.writerow([])
    for words, number in (
        (_("People"), report.contacts),
        (_("Companies"), report.companies),
        (_("Tasks to do"), report.tasks_open),
        (_("Late tasks"), report.tasks_late),
        (_("Tasks done"), report.tasks_done),
    ):
        out.writerow([words, number])
    # The mark tells Excel that the file is UTF-8.
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="analytics.csv"'
    return response
