"""The result of a campaign as a workbook: the tables behind its page, each with its moment and numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, Decision, Run
from dialogue.marketing.campaigns.results import Result
from dialogue.marketing.campaigns.saying import funnel_of

Table = tuple[str, Sequence[str], Sequence[Sequence[Any]]]


def tables_of(row: Campaign, run: Run, result: Result) -> list[Table]:
    """Return the tables of a result: (title, heads, lines), numbers as numbers."""
    people = [(step, count, plan) for step, count, plan, _hint in funnel_of(row, result)]
    groups = [(arm.upper(), group) for arm, group in sorted(result.arms.items())]
    groups += [(_("Held out"), result.held)] if result.held.n else []
    gain = result.gain if result.held.n else None
    money = [
        (_("Income of those reached, paid"), result.reached.total, row.plan_revenue, None, None),
        (_("Costs"), float(result.cost), row.plan_cost, None, None),
        (_("Gain over those held out"), *([gain.estimate, None, gain.low, gain.high] if gain else [None] * 4)),
    ]
    audience = Audience.of_run(run)
    left = [(str(Decision.HELD_OUT.label), audience.held_out)] + [(str(why.label), count) for why, count in audience.lines()]
    return [
        (_("Funnel"), (_("Step"), _("people"), _("plan")), people),
        (
            _("Groups compared"),
            (_("Group"), "n", _("Bought within the period"), _("Income"), _("income per person")),
            [(name, one.n, one.buyers, one.total, one.sample.mean) for name, one in groups],
        ),
        (f"{_('Plan and fact')}, {row.currency}", (_("What"), _("fact"), _("plan"), "95 %", "95 %"), money),
        (_("Did not get the letter"), (_("Why"), _("people")), left),
    ]


def workbook_of(row: Campaign, run: Run, result: Result) -> bytes:
    """Return the result as an XLSX workbook, a sheet a table, the first with name, moment and period."""
    # Few requests ask for a workbook: loaded by the first that does.
    import xlsxwriter

    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True})
    since, until = (date_format(localtime(one), "SHORT_DATE_FORMAT") for one in result.period)
    words = _("Counted %(when)s. Paid purchases from %(since)s to %(until)s, returns taken off.")
    moment = date_format(localtime(result.moment), "SHORT_DATETIME_FORMAT")
    for number, (title, heads, lines) in enumerate(tables_of(row, run, result)):
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, row.name if number == 0 else title, bold)
        sheet.write_string(1, 0, words % {"when": moment, "since": since, "until": until} if number == 0 else "")
        sheet.set_column(0, 0, 36)
        for column, head in enumerate(heads):
            sheet.write_string(3, column, str(head), bold)
        for place, line in enumerate(lines):
            for column, value in enumerate(line):
                if isinstance(value, str):
                    sheet.write_string(4 + place, column, value)
                elif value is not None:
                    sheet.write_number(4 + place, column, float(value))
    book.close()
    return target.getvalue()
