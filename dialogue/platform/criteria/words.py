"""The words of the rule language: what operators, periods, joins and measures are called."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise
OPERATOR_WORDS: dict[str, Words] = {
    "contains": _("contains"),
    "is": _("is"),
    "is_not": _("is not"),
    "starts": _("begins with"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "empty": _("is empty"),
    "at_least": _("at least"),
    "at_most": _("at most"),
    "more_than": _("more than"),
    "less_than": _("less than"),
    "between": _("between"),
    "before": _("before"),
    "after": _("after"),
    "since": _("from"),
    "until": _("until"),
    "within": _("in the last"),
    "next": _("in the next"),
    "older_than": _("longer ago than"),
    "period": _("in"),
}
PERIOD_WORDS: dict[str, Words] = {
    "today": _("today"),
    "yesterday": _("yesterday"),
    "tomorrow": _("tomorrow"),
    "this_week": _("this week"),
    "last_week": _("last week"),
    "this_month": _("this month"),
    "last_month": _("last month"),
    "this_quarter": _("this quarter"),
    "this_year": _("this year"),
    "last_year": _("last year"),
}
UNIT_WORDS: dict[str, Words] = {
    "h": _("hours"),
    "d": _("days"),
    "w": _("weeks"),
    "m": _("months"),
    "y": _("years"),
}
JOIN_WORDS: dict[str, Words] = {
    "all": _("all of this is true"),
    "any": _("at least one is true"),
    "none": _("none of this is true"),
    "not_all": _("not all of this is true"),
}
MEASURE_WORDS: dict[str, Words] = {
    "has": _("there is at least one"),
    "lacks": _("there is none"),
    "count": _("their number"),
    "months": _("the number of different months"),
    "sum": _("the total of"),
    "average": _("the average of"),
}
ME_WORDS: Words = _("whoever looks at it")
