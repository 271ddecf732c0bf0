"""The consolidated report on deals, contacts and tasks (S0-22): figures, stages, new and won deals by period."""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDay
from django.http import QueryDict

from dialogue.customers.tasks.models import Task
from dialogue.kit.frozen import record
from dialogue.platform.criteria.fields import Asking, entities
from dialogue.platform.criteria.rules import compile_rule
from dialogue.platform.lists.query import ANY_PRESET, ListQuery
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.deals.lists import DEALS, tone_of
from dialogue.selling.deals.models import Stage, StageClass

STEPS = ("day", "week", "month")
MOST_PERIODS = 60
# Conditions that mean the same for customers and tasks as for deals.
SHARED = {"created_at", "responsible"}


@record
class Row:
    """One stage: how many deals, how much, which share of both."""

    stage: Stage
    tone: str
    count: int = 0
    total: Decimal = Decimal(0)
    share_count: Decimal = Decimal(0)
    share_total: Decimal = Decimal(0)


@record
class Period:
    """One day, week or month: deals that were added and deals that were won in it."""

    first: date
    new: int = 0
    new_total: Decimal = Decimal(0)
    won: int = 0
    won_total: Decimal = Decimal(0)


@record
class Report:
    """The whole report; every sum is in `currency`. `unpriced` deals have a budget without a known rate."""

    currency: str
    rows: list[Row] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    cut: bool = False
    count: int = 0
    total: Decimal = Decimal(0)
    by_class: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    unpriced: int = 0
    contacts: int = 0
    companies: int = 0
    tasks_open: int = 0
    tasks_late: int = 0
    tasks_done: int = 0

    @property
    def won_share(self) -> Decimal | None:
        """Percent of won among the closed deals, None while none is closed."""
        won, lost = self.by_class["won"][0], self.by_class["lost"][0]
        return percent(won, won + lost) if won + lost else None


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """Return the share in percent with one decimal; of nothing it is zero."""
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1")) if whole else Decimal(0)


def report_query(given: QueryDict, asking: Asking) -> ListQuery:
    """Return the reading of the report: the filter of the list of deals, whose usual view is every deal."""
    asked = given.copy()
    asked.setdefault("view", ANY_PRESET)
    return ListQuery(DEALS, asked, asking)


def consolidated(query: ListQuery, company: Tenant, step: str) -> Report:
    """Return the report on the deals of a reading, by seven set queries."""
    deals = query.matching().order_by()
    report = Report(company.currency)
    _stages(report, deals)
    _periods(report, deals, company, step)
    _others(report, query, company)
    return report


def _priced(report: Report) -> Any:
    return Sum("base_amount", filter=Q(base_currency=report.currency))


def _stages(report: Report, deals: QuerySet[Any]) -> None:
    rows = {stage.pk: Row(stage, tone_of(stage)) for stage in Stage.objects.in_use()}
    unpriced = Count("pk", filter=Q(budget__isnull=False) & (Q(base_amount=None) | ~Q(base_currency=report.currency)))
    grouped = deals.values("stage_id", "stage_class").annotate(number=Count("pk"), total=_priced(report), unpriced=unpriced)
    classes = {str(one): (0, Decimal(0)) for one in StageClass.values}
    for found in grouped:
        count, total = found["number"], found["total"] or Decimal(0)
        report.count += count
        report.total += total
        report.unpriced += found["unpriced"]
        known = classes[found["stage_class"]]
        classes[found["stage_class"]] = (known[0] + count, known[1] + total)
        if found["stage_id"] in rows:
            rows[found["stage_id"]].count, rows[found["stage_id"]].total = count, total
    for row in rows.values():
        row.share_count, row.share_total = percent(row.count, report.count), percent(row.total, report.total)
    report.rows, report.by_class = list(rows.values()), classes


def _periods(report: Report, deals: QuerySet[Any], company: Tenant, step: str) -> None:
    found: dict[date, Period] = {}

    def period(moment: datetime) -> Period:
        first = first_of(moment.date(), step, company)
        return found.setdefault(first, Period(first))

    for row in _daily(deals, "created_at", report, company):
        one = period(row["day"])
        one.new += row["number"]
        one.new_total += row["total"] or 0
    for row in _daily(deals.filter(stage_class=StageClass.WON).exclude(closed_at=None), "closed_at", report, company):
        one = period(row["day"])
        one.won += row["number"]
        one.won_total += row["total"] or 0
    if not found:
        return
    first, last = min(found), max(found)
    while first <= last:
        found.setdefault(first, Period(first))
        first = next_of(first, step)
    ordered = [found[day] for day in sorted(found)]
    report.cut = len(ordered) > MOST_PERIODS
    report.periods = ordered[-MOST_PERIODS:]


def _daily(deals: QuerySet[Any], moment: str, report: Report, company: Tenant) -> QuerySet[Any, Any]:
    days = deals.annotate(day=TruncDay(moment, tzinfo=company.zone)).values("day")
    counted: QuerySet[Any, Any] = days.annotate(number=Count("pk"), total=_priced(report)).order_by("day")
    return counted


def first_of(day: date, step: str, company: Tenant) -> date:
    """Return the first day of the day's period; weeks begin on the company's day."""
    if step == "day":
        return day
    return company.week_of(day) if step == "week" else day.replace(day=1)


def next_of(first: date, step: str) -> date:
    """Return the first day of the period after."""
    if step == "month":
        return (first + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=7 if step == "week" else 1)


def _others(report: Report, query: ListQuery, company: Tenant) -> None:
    parts = [query._part(one, operator, value) for one, operator, value in query.conditions if one.name in SHARED]
    tree = {"all": parts}
    asking = query.asking
    parties = entities.get("party").visible_to(asking.actor).filter(compile_rule("party", tree, asking))
    kinds = parties.order_by().aggregate(
        people=Count("pk", filter=Q(kind="person")), firms=Count("pk", filter=Q(kind="company"))
    )
    report.contacts, report.companies = kinds["people"], kinds["firms"]
    tasks = Task.objects.visible_to(asking.actor).filter(compile_rule("task", tree, asking)).order_by()
    counted = tasks.aggregate(
        open=Count("pk", filter=Q(done_at=None)),
        late=Count("pk", filter=Q(done_at=None, due_on__lt=company.today())),
        done=Count("pk", filter=Q(done_at__isnull=False)),
    )
    report.tasks_open, report.tasks_late, report.tasks_done = counted["open"], counted["late"], counted["done"]
