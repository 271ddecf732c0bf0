"""The shapes of campaigns in the API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from dialogue.kit.api.paging import Paging
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.money import money_json
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, Reason, Side

Id = Annotated[int, Field(ge=1, lt=2**63)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Amount = Annotated[Decimal, Field(ge=0, lt=10**14, decimal_places=4)]
Name = Annotated[Text, Field(max_length=120, examples=["Осеннее возвращение"])]
Percent = Annotated[int, Field(ge=0, le=50, description="Null lets the size decide: 10 from 500 people on, nobody below.")]
Money = dict[str, str]
Words = Annotated[Text, Field(max_length=100_000)]


class CampaignShape(Shape):
    """A campaign with its plan; sums are in `currency`."""

    id: int
    name: str
    goal: str
    state: str
    responsible: int | None
    starts_on: date | None
    ends_on: date | None
    currency: str
    plan_people: int | None
    plan_responses: int | None
    plan_deals: int | None
    plan_revenue: Money | None
    plan_cost: Money | None
    hold_out: int | None
    test: str
    sender: int | None
    coupons: int | None
    priority: Annotated[int, Field(description="1 low, 2 usual, 3 high.")]
    source: int
    include: list[str]
    exclude: list[str]
    launched_at: Moment | None
    finished_at: Moment | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: Campaign) -> CampaignShape:
        """Return a campaign as the API shows it."""
        sides: dict[str, list[str]] = {Side.INCLUDE: [], Side.EXCLUDE: []}
        for one in row.segments.all():
            if one.segment is not None:
                sides[one.side].append(one.segment.code)
        return cls(
            **{name: getattr(row, name) for name in PLAIN},
            responsible=row.responsible_id,
            sender=row.identity_id,
            coupons=row.coupons_id,
            plan_revenue=money_json(row.plan_revenue, row.currency),
            plan_cost=money_json(row.plan_cost, row.currency),
            include=sides[Side.INCLUDE],
            exclude=sides[Side.EXCLUDE],
        )


PLAIN = (
    "id", "name", "goal", "state", "starts_on", "ends_on", "currency", "plan_people", "plan_responses", "plan_deals", "hold_out", "priority",
    "test", "source", "launched_at", "finished_at", "created_at", "updated_at",
)  # fmt: skip


class CampaignInput(Input):
    """A new campaign."""

    name: Name
    goal: Annotated[Text, Field(max_length=5000)] = ""
    starts_on: date | None = None
    ends_on: date | None = None
    responsible: Id | None = None
    plan_people: Count | None = None
    plan_responses: Count | None = None
    plan_deals: Count | None = None
    plan_revenue: Amount | None = None
    plan_cost: Amount | None = None
    hold_out: Percent | None = None
    test: Literal["none", "subject", "body"] = "none"
    sender: Id | None = None
    priority: Annotated[int | None, Field(ge=1, le=3, description="1 low, 2 usual, 3 high.")] = None
    coupons: Annotated[Id | None, Field(description="The coupons whose code `{{coupon}}` prints.")] = None
    include: Annotated[list[Text], Field(max_length=100, default_factory=list, description="Codes of the segments addressed.")]
    exclude: Annotated[list[Text], Field(max_length=100, default_factory=list, description="Codes of the segments left out.")]


class CampaignChange(Input):
    """What may be changed; only the fields sent are."""

    reference: (
        Annotated[list[Id], Field(max_length=30, description="Finished campaigns to compare with; empty: those that fit.")]
        | None
    ) = None

    name: Name | None = None
    goal: Annotated[Text, Field(max_length=5000)] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    responsible: Id | None = None
    plan_people: Count | None = None
    plan_responses: Count | None = None
    plan_deals: Count | None = None
    plan_revenue: Amount | None = None
    plan_cost: Amount | None = None
    hold_out: Percent | None = None
    test: Literal["none", "subject", "body"] | None = None
    sender: Id | None = None
    priority: Annotated[int | None, Field(ge=1, le=3, description="1 low, 2 usual, 3 high.")] = None
    coupons: Annotated[Id | None, Field(description="The coupons whose code `{{coupon}}` prints.")] = None
    include: Annotated[list[Text], Field(max_length=100)] | None = None
    exclude: Annotated[list[Text], Field(max_length=100)] | None = None


class UsualShape(Shape):
    """The median share of earlier campaigns at a step of the funnel, and how many of them know it; of fewer than 3 tell nobody."""

    share: float
    n: int


class ReferenceShape(Shape):
    """What the finished campaigns a campaign is compared with came to together; sums in the campaign's currency.

    `steps` names included (of those addressed), sent, opened, followed, answered, deals, attributed, bought (of those reached).
    """

    names: list[str]
    addressed: int
    reached: int
    answered: int
    deals: int
    income: float
    cost: float
    steps: dict[str, UsualShape]


class ContentShape(Shape):
    """The newest letter of an arm in a language ("" for everybody else)."""

    segment: Annotated[str, Field(description="Code of the segment whose people get it, empty for everybody.")]
    arm: str
    language: str
    version: int
    subject: str
    body: str
    blocks: list[dict[str, str]]
    at: Moment


class BlockInput(Input):
    """A block of a letter; each kind has some of these texts, all with places and parts as in Markdown."""

    kind: Literal["heading", "text", "picture", "button", "columns", "product", "coupon", "divider", "html"]
    text: Words = ""
    src: Words = ""
    alt: Words = ""
    link: Words = ""
    left: Words = ""
    right: Words = ""
    price: Words = ""
    html: Words = ""
    only: Annotated[Words, Field(description='Shown where this holds, such as `city == "Iași"`.')] = ""


class ContentInput(Input):
    """A letter: Markdown with places such as {{first_name|friend}} and parts such as {% if city %}…{% endif %}."""

    segment: Annotated[
        Text, Field(max_length=60, description="Code of the segment whose people get it, empty for everybody.")
    ] = ""
    arm: Literal["a", "b"] = "a"
    language: Annotated[Text, Field(max_length=5)] = ""
    subject: Annotated[Text, Field(max_length=300)]
    body: Annotated[Text, Field(max_length=100_000)] = ""
    blocks: Annotated[list[BlockInput], Field(max_length=60, description="Instead of `body`: the letter built of blocks.")] = []  # noqa: RUF012


class CostShape(Shape):
    """A line of costs in the campaign's currency."""

    label: str
    planned: Money | None
    spent: Money | None
    on: date | None


class CostInput(Input):
    """A line of costs."""

    label: Annotated[Text, Field(max_length=120)]
    planned: Amount | None = None
    spent: Amount | None = None
    on: date | None = None


class AudienceShape(Shape):
    """How many people are reached, held out and left out, with reasons."""

    total: int
    included: int
    held_out: int
    excluded: int
    reasons: dict[str, int]
    as_of: Moment

    @classmethod
    def of(cls, found: Audience) -> AudienceShape:
        """Return an audience as the API shows it."""
        reasons = {Reason(reason).name.lower(): count for reason, count in found.reasons.items()}
        return cls(
            total=found.total,
            included=found.included,
            held_out=found.held_out,
            excluded=found.excluded,
            reasons=reasons,
            as_of=found.as_of,
        )


class FindingShape(Shape):
    """One thing looked at before the launch: `bad` stops it, `warn` does not, `good` stands."""

    grade: str
    words: str
    where: str


class PreparedShape(Shape):
    """What a launch now would do."""

    audience: AudienceShape
    findings: list[FindingShape]
    can_launch: bool
    smallest_lift: Annotated[float | None, Field(description="The smallest difference of buyers' shares the result can show.")]


class CountingShape(Shape):
    """The background job that counts whom a launch would reach."""

    job: int


class LaunchShape(Shape):
    """A launch: at once for small companies, else by a background job."""

    run: int | None
    job: int | None
    audience: AudienceShape | None


class PersonShape(Shape):
    """A customer of the last run: what was decided about him and why, in the key's language."""

    party: int
    decision: Literal["included", "held_out", "excluded"]
    reason: str
    arm: str
    why: str


class PeopleAsked(Paging):
    """Whose decisions are asked for."""

    decision: Literal["included", "held_out", "excluded"] | None = None


class IntervalShape(Shape):
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


class GroupShape(Shape):
    """One group: its people, buyers and paid income in the campaign's currency."""

    n: int
    buyers: int
    income: float


class ResultShape(Shape):
    """What came of the campaign by `at`; income counts paid purchases within the period, returns taken off."""

    at: Moment
    since: Moment
    until: Moment
    addressed: int
    included: int
    held_out: int
    sent: int
    heard: dict[str, int]
    answered: int
    deals: int
    deals_won: int
    cost: Money | None
    arms: dict[str, GroupShape]
    control: GroupShape
    per_person: Annotated[IntervalShape | None, Field(description="Income per person, reached less held out (Welch).")]
    gain: IntervalShape | None
    split_is_right: bool | None
