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
from dialogue.marketing.campaigns.reference import Reference
from dialogue.marketing.campaigns.results import Result
from dialogue.marketing.campaigns.saying import funnel_of
from dialogue.marketing.campaigns.telling import base_of, has_steps, letter_results, plan_figures

Table = tuple[str, Sequence[str], Sequence[Sequence[Any]]]


def tables_of(row: Campaign, run: Run, result: Result) -> list[Table]:
    """Return the tables of a result: (title, heads, lines), numbers as numbers; one without lines is left out."""
    reference = Reference.of(run.reference)
    groups = [(arm.upper(), group) for arm, group in sorted(result.arms.items())]
    groups += [(_("Held out"), result.held)] if result.held.n else []
    audience = Audience.of_run(run)
    left = [(str(Decision.HELD_OUT.label), audience.held_out)] + [(str(why.label), count) for why, count in audience.lines()]
    each = _("income per person")
    made: list[Table] = [
        _funnel(row, result, reference),
        (
            _("Groups compared"),
            (_("Group"), "n", _("Bought within the period"), _("Income"), each),
            [(name, one.n, one.buyers, one.total, one.sample.mean) for name, one in groups],
        ),
        (
            _("By letter"),
            (
                _("Letter"),
                "n",
                _("Followed a link"),
                _("Answered in any way"),
                _("Bought within the period"),
                _("Income"),
                each,
            ),
            _letters(row, result),
        ),
        _money(row, result),
        _before(row, result, reference),
        (_("Did not get the letter"), (_("Why"), _("people")), left),
    ]
    return [one for one in made if one[2]]


def _funnel(row: Campaign, result: Result, reference: Reference) -> Table:
    lines: list[Sequence[Any]] = []
    for one in funnel_of(row, result):
        usual = reference.at(one.name)
        compared = (
            (usual * base_of(one.name, result), usual, reference.steps[one.name]["n"]) if usual is not None else (None,) * 3
        )
        lines.append((one.label, one.count, one.plan, *compared))
    heads = [_("Step"), _("people"), _("plan")]
    if has_steps(reference):
        return _("Funnel"), [*heads, _("As before"), _("median share"), _("campaigns")], lines
    return _("Funnel"), heads, [line[:3] for line in lines]


def _money(row: Campaign, result: Result) -> Table:
    gain = result.gain if result.held.n else None
    lines = [
        (_("Income of those reached, paid"), result.reached.total, row.plan_revenue, None, None),
        (_("Costs"), float(result.cost), row.plan_cost, None, None),
        (_("Gain over those held out"), *([gain.estimate, None, gain.low, gain.high] if gain else [None] * 4)),
    ]
    return f"{_('Plan and fact')}, {row.currency}", (_("What"), _("fact"), _("plan"), "95 %", "95 %"), lines


def _letters(row: Campaign, result: Result) -> list[Sequence[Any]]:
    return [
        (name, one.group.n, one.followed, one.answered, one.group.buyers, one.group.total, one.group.sample.mean)
        for name, one in letter_results(row, result)
    ]


def _before(row: Campaign, result: Result, reference: Reference) -> Table:
    """Return plan, what earlier campaigns let expect and fact, and under them which campaigns these were, with their n."""
    heads = (f"{_('What')}, {row.currency}", _("plan"), _("As before"), _("fact"))
    share = reference.answers
    if share is None:
        return _("As before"), heads, []
    lines: list[Sequence[Any]] = [(label, *figures) for label, *figures in plan_figures(row, result, reference)]
    lines += [
        (),
        (_("Earlier campaigns, people reached"), None, reference.reached),
        (_("Share that answered"), None, share.estimate),
        (_("95 %% interval") % (), None, share.low, share.high),
        *((_("Compared with"), name) for name in reference.names),
    ]
    return _("As before"), heads, lines


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
