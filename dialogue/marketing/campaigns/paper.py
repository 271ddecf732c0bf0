"""The result of a campaign as a PDF, set by typst from data alone (decision 0044)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, CostLine, Run
from dialogue.marketing.campaigns.reference import Reference
from dialogue.marketing.campaigns.results import Result
from dialogue.marketing.campaigns.telling import (
    arms_of,
    brought_of,
    figures_of,
    has_steps,
    letters_of,
    money,
    plan_of,
    reasons_of,
    reference_words,
    steps_of,
    steps_words,
)
from dialogue.platform.tenants.models import Tenant

TEMPLATE = Path(__file__).with_name("result.typ")


def pdf_of(row: Campaign, run: Run, result: Result, company: Tenant) -> bytes:
    """Return the result as a PDF of one or two A4 pages in the open language."""
    # 80 MB of compiler: loaded by the first PDF, never at start.
    import typst

    data = json.dumps(data_of(row, run, result, company), ensure_ascii=False)
    return bytes(typst.compile(TEMPLATE.read_bytes(), sys_inputs={"data": data}, ignore_system_fonts=True))


def data_of(row: Campaign, run: Run, result: Result, company: Tenant) -> dict[str, Any]:
    """Return what the template prints, all of it words."""
    since, until = (date_format(localtime(one), "SHORT_DATE_FORMAT") for one in result.period)
    words = _("Counted %(when)s. Paid purchases from %(since)s to %(until)s, returns taken off.")
    counted = words % {"when": date_format(localtime(result.moment), "SHORT_DATETIME_FORMAT"), "since": since, "until": until}
    reference = Reference.of(run.reference)
    steps, compared = steps_of(row, result, reference), has_steps(reference)
    return {
        "lang": (get_language() or "en")[:2],
        "company": company.name,
        "name": row.name,
        "under": " · ".join(part for part in (str(row.get_state_display()), days_of(row), str(row.responsible or "")) if part),
        "goal": row.goal,
        "counted": counted,
        "wrong": _(
            "The groups do not stand as chance would have split them: do not trust the comparison before the cause is found."
        )
        if result.is_split_right is False
        else "",
        "figures": figures_of(row, result),
        "funnel": {"title": _("Funnel"), "heads": _funnel_heads(compared=compared), "steps": [asdict(one) for one in steps]},
        "compared": compared,
        "hints": [steps_words(reference)] + [f"{one.label}: {one.hint}." for one in steps if one.hint],
        "reference": reference_words(reference),
        "tables": _tables(row, run, result),
    }


def days_of(row: Campaign) -> str:
    """Return from when until when a campaign goes, as far as it is set."""
    return " – ".join(date_format(day, "SHORT_DATE_FORMAT") for day in (row.starts_on, row.ends_on) if day)


def _funnel_heads(*, compared: bool) -> list[str]:
    heads = [_("Step"), "", pgettext("column", "people"), pgettext("column", "share"), _("plan")]
    return [*heads, pgettext("column", "as before"), ""] if compared else heads


def _plan(row: Campaign, run: Run, result: Result) -> tuple[list[str], list[Any]]:
    reference = Reference.of(run.reference)
    lines = plan_of(row, result, reference)
    heads = [_("What"), _("plan"), pgettext("column", "as before"), _("fact"), _("Deviation")]
    if reference.is_known:
        return heads, [(one.label, one.plan, one.expected, one.fact, one.off) for one in lines]
    return [heads[0], heads[1], *heads[3:]], [(one.label, one.plan, one.fact, one.off) for one in lines]


def _tables(row: Campaign, run: Run, result: Result) -> list[dict[str, Any]]:
    """Return the tables under the funnel: title, heads and lines of words; one without lines is left out."""
    bought, share = pgettext("column", "bought"), pgettext("column", "share")
    arms = [(one.label, one.n, one.buyers, one.share, f"{one.low} – {one.high}", one.each) for one in arms_of(row, result)]
    letters = [(one.label, one.n, one.followed, one.answered, one.buyers, one.each) for one in letters_of(row, result)]
    costs = [
        (one.label, date_format(one.on, "SHORT_DATE_FORMAT") if one.on else "", money(one.planned, row.currency),
         money(one.spent, row.currency))
        for one in CostLine.objects.filter(campaign=row)
    ]  # fmt: skip
    each = _("income per person")
    made: list[tuple[str, list[str], list[Any]]] = [
        (_("Plan and fact"), *_plan(row, run, result)),
        (_("Groups compared"), [_("Group"), "n", bought, share, _("95 %% interval") % (), each], arms),
        (
            _("By letter"),
            [_("Letter"), "n", pgettext("column", "followed a link"), pgettext("column", "answered"), bought, each],
            letters,
        ),
        (
            _("What it brought, by the rule of attribution"),
            [_("What"), _("Because"), pgettext("column", "number"), pgettext("column", "sum")],
            brought_of(result),
        ),
        (_("Costs"), [_("What for"), _("Day"), _("plan"), _("fact")], costs),
        (
            _("Did not get the letter"),
            [_("Why"), pgettext("column", "people")],
            [(words, count) for words, count, _query in reasons_of(Audience.of_run(run), run)],
        ),
    ]
    # How many columns at the left hold words.
    left = {_("What it brought, by the rule of attribution"): 2, _("Costs"): 2}
    return [
        {"title": title, "heads": heads, "lines": lines, "left": left.get(title, 1)} for title, heads, lines in made if lines
    ]
