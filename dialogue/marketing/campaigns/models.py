"""Campaigns, their plan, costs and texts, and the people frozen for a run with the decision about each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogue.kit.actors import Actor
from dialogue.kit.rows import BinRow, KeptManager, StampedRow, TenantManager, TenantRow, within_reach
from dialogue.marketing.campaigns.permissions import KIND
from dialogue.marketing.segments.models import Segment
from dialogue.platform.accounts.models import User
from dialogue.platform.mail.models import SenderIdentity
from dialogue.selling.promotions.models import Series

LIVE = models.Q(deleted_at__isnull=True)


class CampaignState(models.TextChoices):
    """Where a campaign stands."""

    DRAFT = "draft", pgettext_lazy("state of a campaign", "being prepared")
    RUNNING = "running", pgettext_lazy("state of a campaign", "running")
    PAUSED = "paused", pgettext_lazy("state of a campaign", "paused")
    DONE = "done", pgettext_lazy("state of a campaign", "finished")
    CANCELLED = "cancelled", pgettext_lazy("state of a campaign", "cancelled")


TRANSITIONS: dict[str, set[str]] = {
    CampaignState.DRAFT: {CampaignState.RUNNING, CampaignState.CANCELLED},
    CampaignState.RUNNING: {CampaignState.PAUSED, CampaignState.DONE, CampaignState.CANCELLED},
    CampaignState.PAUSED: {CampaignState.RUNNING, CampaignState.CANCELLED},
    CampaignState.DONE: set(),
    CampaignState.CANCELLED: set(),
}
TONES = {CampaignState.RUNNING: "good", CampaignState.PAUSED: "warn", CampaignState.CANCELLED: "bad"}


class Priority(models.IntegerChoices):
    """Which of two campaigns writes to a person where the contact policy allows one letter more."""

    LOW = 1, pgettext_lazy("priority of a campaign", "low")
    USUAL = 2, pgettext_lazy("priority of a campaign", "usual")
    HIGH = 3, pgettext_lazy("priority of a campaign", "high")


class Test(models.TextChoices):
    """What two halves of the people get differently."""

    __test__ = False

    NONE = "none", _("no test")
    SUBJECT = "subject", _("two subjects")
    BODY = "body", _("two letters")


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Reads of campaigns."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the campaigns the actor may see: his own, his team's and nobody's, or all."""
        return self.filter(within_reach(actor, KIND))

    def running(self) -> Self:
        """Return those that are running or paused."""
        return self.filter(state__in=[CampaignState.RUNNING, CampaignState.PAUSED])

    def newest(self) -> Self:
        """Return them with the newest first."""
        return self.order_by("-created_at", "-id")


CampaignManager = KeptManager.from_queryset(CampaignQuerySet)
BinnedCampaignManager = TenantManager.from_queryset(CampaignQuerySet)


def _money(words: Any) -> models.DecimalField[Decimal | None, Decimal | None]:
    return models.DecimalField(words, max_digits=19, decimal_places=4, null=True, blank=True)


class Campaign(BinRow):
    """One effort to reach people: what it is for, what it plans, whom it holds out.

    `source` is the bare id of its row among sources, by which touches, responses, purchases and deals name it. `hold_out` is
    the share of people (percent) who get nothing, so that the effect can be measured; None lets the size decide. `result` keeps what a large campaign brought (`results.py`),
    `prepared` what its launch would do (`preparing.py`). `coupons` are those whose code a letter prints,
    `reference` the ids of finished campaigns it is compared with, none: those that fit by themselves (`reference.py`).
    """

    name = models.CharField(pgettext_lazy("of a campaign", "name"), max_length=120)
    fold = models.CharField(max_length=120, editable=False)
    goal = models.TextField(_("goal"), blank=True)
    state = models.CharField(_("state"), max_length=9, choices=CampaignState, default=CampaignState.DRAFT, editable=False)
    responsible = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, db_index=False, related_name="+", verbose_name=_("responsible")
    )
    starts_on = models.DateField(pgettext_lazy("of a campaign", "begins"), null=True, blank=True)
    ends_on = models.DateField(pgettext_lazy("of a campaign", "ends"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    plan_people = models.PositiveIntegerField(_("people, plan"), null=True, blank=True)
    plan_responses = models.PositiveIntegerField(_("responses, plan"), null=True, blank=True)
    plan_deals = models.PositiveIntegerField(_("deals, plan"), null=True, blank=True)
    plan_revenue = _money(_("revenue, plan"))
    plan_cost = _money(_("costs, plan"))
    hold_out = models.PositiveSmallIntegerField(_("held out, %"), null=True, blank=True)
    test = models.CharField(_("test"), max_length=7, choices=Test, default=Test.NONE)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.USUAL)
    coupons = models.ForeignKey(
        Series,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("coupons"),
    )
    identity = models.ForeignKey(
        SenderIdentity,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("sender"),
    )
    reference = ArrayField(models.BigIntegerField(), default=list, blank=True)
    source = models.BigIntegerField(editable=False)
    launched_at = models.DateTimeField(_("launched"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    result = models.JSONField(default=dict, editable=False)
    prepared = models.JSONField(default=dict, editable=False)
    created_by = models.BigIntegerField(null=True, editable=False)

    objects: ClassVar[CampaignManager[Self]] = CampaignManager()
    with_bin: ClassVar[BinnedCampaignManager[Self]] = BinnedCampaignManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "fold"], name="campaign_name_once", condition=LIVE),
            models.UniqueConstraint(fields=["tenant_id", "source"], name="campaign_source_once"),
            models.CheckConstraint(condition=models.Q(state__in=CampaignState.values), name="campaign_state_known"),
            models.CheckConstraint(condition=models.Q(priority__in=Priority.values), name="campaign_priority_known"),
            models.CheckConstraint(condition=models.Q(hold_out=None) | models.Q(hold_out__lte=90), name="campaign_held_out"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "created_at", "id"], name="campaign_newest", condition=LIVE)]

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        """Whether nothing has been sent yet and everything can be changed."""
        return self.state == CampaignState.DRAFT

    @property
    def is_under_way(self) -> bool:
        """Whether it runs or is paused."""
        return self.state in {CampaignState.RUNNING, CampaignState.PAUSED}

    @property
    def tone(self) -> str:
        """The colour of its state on a page."""
        return TONES.get(CampaignState(self.state), "")

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that get a letter: one, or two of a test."""
        return ("a",) if self.test == Test.NONE else ("a", "b")


class Side(models.TextChoices):
    """Whether a segment's people are addressed or left out."""

    INCLUDE = "include", _("addressed")
    EXCLUDE = "exclude", _("left out")


class CampaignSegmentQuerySet(models.QuerySet["CampaignSegment"]):
    """Reads of a campaign's segments."""

    def addressed(self) -> Self:
        """Return those addressed, in the order in which their letters are looked for."""
        return self.filter(side=Side.INCLUDE).order_by("place", "id")


CampaignSegmentManager = TenantManager.from_queryset(CampaignSegmentQuerySet)


class CampaignSegment(TenantRow):
    """A segment of a campaign; `version` and `size` are those at launch, `name` stays when the segment is gone for good.

    `number` names it within the campaign for good: a letter of its own bears it, and whoever gets that letter. `place` is the order in
    which letters are looked for.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="segments"
    )
    segment = models.ForeignKey(
        Segment, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False, related_name="+"
    )
    name = models.CharField(max_length=120)
    side = models.CharField(max_length=7, choices=Side, default=Side.INCLUDE)
    number = models.PositiveSmallIntegerField(default=0)
    place = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(null=True)
    size = models.BigIntegerField(null=True)

    objects: ClassVar[CampaignSegmentManager[Self]] = CampaignSegmentManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "campaign", "segment"], name="campaign_segment_once")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "segment"], name="campaign_of_segment")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.side} {self.segment_id}"


class CostLine(TenantRow):
    """What a campaign is to cost and has cost, in the campaign's currency."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="costs")
    label = models.CharField(_("what for"), max_length=120)
    planned = _money(_("planned"))
    spent = _money(_("spent"))
    on = models.DateField(_("day"), null=True, blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "campaign"], name="campaign_costs")]

    def __str__(self) -> str:
        return self.label


class ContentQuerySet(models.QuerySet["Content"]):
    """Reads of texts."""

    def current(self) -> Self:
        """Return the newest version per letter, arm and language."""
        one = ("campaign_id", "letter", "arm", "language")
        return self.order_by(*one, "-version").distinct(*one)


ContentManager = TenantManager.from_queryset(ContentQuerySet)


class Content(TenantRow):
    """A letter of a campaign: for an arm, in a language ("" serves everybody else), in a version.

    `letter` is the number of the campaign's segment whose people it is for, 0 for everybody.
    It is a text in Markdown or, where there are `blocks` (`channels/blocks.py`), these.
    A change while the campaign runs makes the next version, for those who have not got theirs.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="contents"
    )
    letter = models.PositiveSmallIntegerField(default=0)
    arm = models.CharField(max_length=1, default="a")
    language = models.CharField(_("language"), max_length=5, blank=True)
    version = models.PositiveIntegerField(default=1)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    body = models.TextField(_("text"), blank=True)
    blocks = models.JSONField(default=list, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by_label = models.CharField(max_length=150, blank=True)

    objects: ClassVar[ContentManager[Self]] = ContentManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "campaign", "letter", "arm", "language", "version"], name="campaign_letter_once"
            ),
            models.CheckConstraint(condition=models.Q(arm__in=["a", "b"]), name="campaign_arm_known"),
        ]

    def __str__(self) -> str:
        return self.subject


class RunQuerySet(models.QuerySet["Run"]):
    """Reads of runs."""

    def newest_of(self, campaign: Campaign) -> Run | None:
        """Return the newest run, None of a campaign that was not launched."""
        return self.filter(campaign=campaign).order_by("-number").first()


RunManager = TenantManager.from_queryset(RunQuerySet)


class Run(StampedRow):
    """One launch: when and how the people were frozen. `counts` holds `{decision: n}` and `{"reasons": {reason: n}}`.

    `seed` and a person's id decide by a hash who is held out and who gets which arm (`rules.py`), so that anybody can check.
    A run taken over from the past has none. `policy` is what the contact policy said then, `reference` what earlier campaigns let expect; `mailing` is the bare id of the mailing that sends its letters.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="runs")
    number = models.PositiveIntegerField(default=1)
    seed = models.CharField(max_length=32)
    hold_out = models.PositiveSmallIntegerField(default=0)
    frozen_at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict)
    policy = models.JSONField(default=dict)
    reference = models.JSONField(default=dict)
    took_ms = models.PositiveIntegerField(default=0)
    mailing = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=150, blank=True)

    objects: ClassVar[RunManager[Self]] = RunManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "campaign", "number"], name="campaign_run_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} / {self.number}"

    @property
    def is_past(self) -> bool:
        """Whether it was taken over from the time before: chance decided nothing, nothing was sent from here."""
        return not self.seed


class Decision(models.IntegerChoices):
    """What was decided about a person."""

    INCLUDED = 1, _("reached")
    HELD_OUT = 2, _("held out")
    EXCLUDED = 3, _("left out")


class Reason(models.IntegerChoices):
    """Why a person was left out; the first that holds, in this order."""

    NONE = 0, ""
    NO_ADDRESS = 1, _("no e-mail address")
    BAD_ADDRESS = 2, _("the e-mail address does not work")
    STOP_LIST = 3, _("the address is on the stop list")
    REFUSED = 4, _("refused such letters")
    NO_CONSENT = 5, _("no consent is recorded")
    DUPLICATE = 6, _("another customer has the same address")
    CAP = 7, _("had enough letters lately")
    PRIORITY = 8, _("a campaign of higher priority writes to him")


class PersonQuerySet(models.QuerySet["Person"]):
    """Reads of frozen people."""

    def reached(self) -> Self:
        """Return those who get a letter."""
        return self.filter(decision=Decision.INCLUDED)

    def of_party(self, party: int) -> Self:
        """Return what was decided about one customer."""
        return self.filter(party_id=party)


PersonManager = TenantManager.from_queryset(PersonQuerySet)


class Person(TenantRow):
    """One customer of a run, with what was decided about him.

    `letter` is the number of the segment whose letter he gets, 0 for everybody's. Narrow on purpose: a freeze writes a million. Bare ids; a trigger per statement forgets customers who are deleted for good.
    """

    run_id = models.BigIntegerField()
    party_id = models.BigIntegerField()
    point_id = models.BigIntegerField(null=True)
    decision = models.SmallIntegerField(choices=Decision)
    reason = models.SmallIntegerField(choices=Reason, default=Reason.NONE)
    arm = models.CharField(max_length=1, blank=True)
    letter = models.SmallIntegerField(default=0, db_default=0)

    objects: ClassVar[PersonManager[Self]] = PersonManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "run_id", "party_id"], name="campaign_person_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "party_id"], name="campaign_person_party"),
            models.Index(
                fields=["tenant_id", "run_id", "decision", "reason", "party_id"],
                name="campaign_person_left_out",
                condition=~models.Q(decision=1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.get_decision_display()}"
