"""The API operations over reports."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from django.http import QueryDict
from ninja import Query, Router
from pydantic import Field

from dialogue.insight.reports.consolidated import Report, consolidated, report_query
from dialogue.kit.api.shapes import Input, Money, Shape, Text
from dialogue.kit.money import money_json
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import TREE, asking_of
from dialogue.platform.lists.query import PREFIX

router = Router(tags=["reports"])
Id = Annotated[int, Field(ge=1, lt=2**63)]
Ids = Annotated[list[Id], Field(max_length=100, default_factory=list)]


class ReportAsked(Input):
    """Of which deals the report tells: the day they were added, stages, members, tags, and a rule tree for all else."""

    by: Literal["day", "week", "month"] = "month"
    created_since: date | None = None
    created_until: date | None = None
    stage: Ids
    responsible: Ids
    tags: Ids
    filter: Annotated[Text, Field(max_length=20000, description=TREE)] = ""

    def given(self) -> QueryDict:
        """Return what is asked as the page of the report takes it."""
        query = QueryDict(mutable=True)
        for name in ("stage", "responsible", "tags"):
            query.setlist(PREFIX + name, [str(one) for one in getattr(self, name)])
        for name, day in (("since", self.created_since), ("until", self.created_until)):
            if day:
                query[f"{PREFIX}created_at.{name}"] = day.isoformat()
        if self.filter:
            query["filter"] = self.filter
        return query


class Figure(Shape):
    """How many deals, and the sum of their budgets."""

    count: int
    total: Money


class StageFigure(Shape):
    """One stage: how many deals, how much, and which share of both, in percent."""

    stage: int
    name: str
    pipeline: int
    stage_class: str
    count: int
    total: Money
    share_of_count: float
    share_of_total: float


class PeriodFigure(Shape):
    """Deals added and deals won in the period that begins on `first`."""

    first: date
    new: Figure
    won: Figure


class TaskFigure(Shape):
    """How many tasks wait, are late, are done."""

    open: int
    late: int
    done: int


class ReportShape(Shape):
    """The consolidated report; sums in `currency` at the rate of the day each budget was written.

    `unpriced` deals have a budget without a known rate and stand in no sum; `won_share` is the percent of won among closed
    deals, null while none is closed; `cut` says that only the last periods are told.
    """

    currency: str
    deals: Figure
    open: Figure
    won: Figure
    lost: Figure
    won_share: float | None
    unpriced: int
    stages: list[StageFigure]
    periods: list[PeriodFigure]
    cut: bool
    people: int
    companies: int
    tasks: TaskFigure

    @classmethod
    def of(cls, report: Report) -> ReportShape:
        """Return the report as the API shows it."""

        def figure(count: int, total: Decimal) -> Figure:
            return Figure(count=count, total=Money.model_validate(money_json(total, report.currency)))

        return cls(
            currency=report.currency,
            deals=figure(report.count, report.total),
            **{name: figure(*report.by_class[name]) for name in ("open", "won", "lost")},
            won_share=None if report.won_share is None else float(report.won_share),
            unpriced=report.unpriced,
            stages=[
                StageFigure(
                    stage=row.stage.pk,
                    name=row.stage.name,
                    pipeline=row.stage.pipeline_id,
                    stage_class=row.stage.stage_class,
                    **figure(row.count, row.total).model_dump(),
                    share_of_count=float(row.share_count),
                    share_of_total=float(row.share_total),
                )
                for row in report.rows
            ],
            periods=[
                PeriodFigure(first=one.first, new=figure(one.new, one.new_total), won=figure(one.won, one.won_total))
                for one in report.periods
            ],
            cut=report.cut,
            people=report.contacts,
            companies=report.companies,
            tasks=TaskFigure(open=report.tasks_open, late=report.tasks_late, done=report.tasks_done),
        )


@router.get("/deals", response=ReportShape, summary="Get the consolidated report")
def get_consolidated(request: ApiRequest, asked: Query[ReportAsked]) -> ReportShape:
    """On the deals the key's member may see; people, companies and tasks follow the days and the members asked for."""
    return ReportShape.of(consolidated(report_query(asked.given(), asking_of(request)), request.company, asked.by))
