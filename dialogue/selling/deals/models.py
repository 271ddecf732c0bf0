"""Pipelines with their stages, deals and what belongs to a deal."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import BinRow, KeptManager, StampedRow, TenantManager, TenantRow, columns_of, within_reach
from dialogue.platform.criteria.models import SLOTS, Characterised, slot_indexes
from dialogue.platform.embedded.functions import SortKey
from dialogue.selling.deals.permissions import KIND

LIVE = models.Q(deleted_at__isnull=True)
PARTY = "parties.Party"
TAG = "parties.Tag"
# The reference (kit/reference.py) by which pages remember pipelines and stages.
STAGES = "deals.stages"
# Cards of a column stand a gap apart, so that one can be put between two without touching others.
RANK_GAP = 65_536


class StageClass(models.TextChoices):
    """What a stage means for reports, whatever the company calls it."""

    OPEN = "open", _("open")
    WON = "won", _("won")
    LOST = "lost", _("lost")


class PipelineQuerySet(models.QuerySet["Pipeline"]):
    """Reads of pipelines."""

    def in_use(self) -> Self:
        """Return the pipelines in use, in their order."""
        return self.filter(archived_at=None).order_by("position", "id")


PipelineManager = TenantManager.from_queryset(PipelineQuerySet)


class Pipeline(StampedRow):
    """A way of selling: a row of stages."""

    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PipelineManager[Self]] = PipelineManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "name"], name="pipeline_name_once", condition=models.Q(archived_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class StageQuerySet(models.QuerySet["Stage"]):
    """Reads of stages."""

    def in_use(self) -> Self:
        """Return the stages in use, pipeline by pipeline, in their order."""
        living = models.Q(archived_at=None, pipeline__archived_at=None)
        return self.filter(living).order_by("pipeline__position", "pipeline_id", "position", "id")


StageManager = TenantManager.from_queryset(StageQuerySet)


class Stage(StampedRow):
    """One step of a pipeline. Its class never changes: reports stand on it."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="stages")
    name = models.CharField(_("name"), max_length=80)
    stage_class = models.CharField(_("class"), max_length=4, choices=StageClass, default=StageClass.OPEN)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[StageManager[Self]] = StageManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "pipeline", "name"],
                name="stage_name_once",
                condition=models.Q(archived_at__isnull=True),
            ),
            models.CheckConstraint(condition=models.Q(stage_class__in=StageClass.values), name="stage_class_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_final(self) -> bool:
        """Whether a deal ends here."""
        return self.stage_class != StageClass.OPEN


class LossReasonQuerySet(models.QuerySet["LossReason"]):
    """Reads of reasons."""

    def in_use(self) -> Self:
        """Return the reasons in use, in their order."""
        return self.filter(archived_at=None).order_by("position", "id")


LossReasonManager = TenantManager.from_queryset(LossReasonQuerySet)


class LossReason(StampedRow):
    """Why deals are lost, as the company sums it up; deals keep a reason that went out of use."""

    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[LossReasonManager[Self]] = LossReasonManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "name"], name="loss_reason_name_once", condition=models.Q(archived_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class DealQuerySet(models.QuerySet["Deal"]):
    """Reads of deals."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the deals the actor may see: his own, his team's and nobody's, or all."""
        return self.filter(within_reach(actor, KIND))

    def open(self) -> Self:
        """Return the deals neither won nor lost."""
        return self.filter(stage_class=StageClass.OPEN)

    def without_next_step(self) -> Self:
        """Return the open deals for which no task is set."""
        return self.open().filter(next_step_on=None)

    def with_people(self) -> Self:
        """Return them with the rows that a line of a list names."""
        rows = self.select_related("stage", "pipeline", "company", "contact", "responsible", "loss")
        people = (
            "company__name",
            "company__kind",
            "contact__name",
            "contact__company_id",
            "responsible__name",
            "responsible__email",
            "loss__name",
        )
        places = (f"{path}__{name}" for path, model in (("stage", Stage), ("pipeline", Pipeline)) for name in columns_of(model))
        return rows.only(*columns_of(self.model, leaving=SLOTS), *places, *people)


DealManager = KeptManager.from_queryset(DealQuerySet)
BinnedDealManager = TenantManager.from_queryset(DealQuerySet)


class Deal(Characterised, BinRow):
    """Something we try to sell. `company` and `contact` are its main parties, others are `DealContact` rows.

    `stage_class` repeats the stage's, so that "open deals" is one index. `base_*` is the budget in the company's currency at
    the day it was written, with its dated rate. `loss` is the kept reason of a lost deal, `lost_reason` its words: the
    reason's name or what was written beside it. `rank` orders the column of the board, smallest on top. `next_step_on` is
    the day of the nearest open task, kept by a listener of tasks.
    """

    title = models.CharField(_("deal name"), max_length=200)
    title_sort = models.GeneratedField(
        expression=Left(SortKey(models.F("title"), "ro"), 60),
        output_field=models.CharField(max_length=60, db_collation="C"),
        db_persist=True,
    )
    pipeline = models.ForeignKey(
        Pipeline,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="deals",
        verbose_name=_("pipeline"),
    )
    stage = models.ForeignKey(
        Stage, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="deals", verbose_name=_("stage")
    )
    stage_class = models.CharField(max_length=4, choices=StageClass, default=StageClass.OPEN, editable=False)
    stage_since = models.DateTimeField(_("in the stage since"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    loss = models.ForeignKey(
        LossReason,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("reason of the loss"),
    )
    lost_reason = models.CharField(_("reason in own words"), max_length=200, blank=True)
    company = models.ForeignKey(
        PARTY,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_constraint=False,
        db_index=False,
        related_name="company_deals",
        verbose_name=_("company"),
    )
    contact = models.ForeignKey(
        PARTY,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_constraint=False,
        db_index=False,
        related_name="contact_deals",
        verbose_name=_("main contact"),
    )
    budget = models.DecimalField(_("budget"), max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    base_amount = models.DecimalField(max_digits=19, decimal_places=4, null=True, editable=False)
    base_currency = models.CharField(max_length=3, blank=True, editable=False)
    rate = models.DecimalField(max_digits=20, decimal_places=10, null=True, editable=False)
    rate_on = models.DateField(null=True, editable=False)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        related_name="+",
        verbose_name=_("responsible"),
    )
    expected_on = models.DateField(_("expected close"), null=True, blank=True)
    next_step_on = models.DateField(_("next step"), null=True, blank=True, editable=False)
    external_id = models.CharField(_("own number"), max_length=80, blank=True)
    rank = models.BigIntegerField(default=0, editable=False)
    source = models.BigIntegerField(_("source"), null=True, blank=True)
    created_by = models.BigIntegerField(null=True, blank=True, editable=False)

    objects: ClassVar[DealManager[Self]] = DealManager()
    with_bin: ClassVar[BinnedDealManager[Self]] = BinnedDealManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "external_id"],
                name="deal_own_number_once",
                condition=LIVE & ~models.Q(external_id=""),
            ),
            models.CheckConstraint(condition=models.Q(stage_class__in=StageClass.values), name="deal_class_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "stage", "rank", "id"], name="deal_board", condition=LIVE),
            models.Index(fields=["tenant_id", "stage_class", "created_at", "id"], name="deal_open", condition=LIVE),
            models.Index(fields=["tenant_id", "created_at", "id"], name="deal_newest", condition=LIVE),
            models.Index(fields=["tenant_id", "updated_at", "id"], name="deal_changed", condition=LIVE),
            models.Index(fields=["tenant_id", "title_sort", "id"], name="deal_by_title", condition=LIVE),
            models.Index(fields=["tenant_id", "budget", "id"], include=["currency"], name="deal_budget", condition=LIVE),
            models.Index(fields=["tenant_id", "expected_on", "id"], name="deal_expected", condition=LIVE),
            models.Index(fields=["tenant_id", "responsible", "stage_class"], name="deal_responsible", condition=LIVE),
            models.Index(fields=["tenant_id", "company"], name="deal_company", condition=models.Q(company__isnull=False)),
            models.Index(fields=["tenant_id", "contact"], name="deal_contact", condition=models.Q(contact__isnull=False)),
            models.Index(fields=["tenant_id", "closed_at"], name="deal_closed", condition=models.Q(closed_at__isnull=False)),
            models.Index(fields=["tenant_id", "loss"], name="deal_loss", condition=models.Q(loss__isnull=False)),
            models.Index(fields=["tenant_id", "deleted_at"], name="deal_binned", condition=~LIVE),
            *slot_indexes("deal"),
        ]

    def __str__(self) -> str:
        return self.title


class DealRole(models.TextChoices):
    """What somebody does in a deal."""

    DECIDES = "decides", _("decides")
    INFLUENCES = "influences", _("influences")
    USES = "uses", _("uses")
    PAYS = "pays", _("pays")


class DealContact(StampedRow):
    """A party of a deal with what it does there; the main contact stands here too."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="contacts")
    party = models.ForeignKey(PARTY, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="deal_links")
    role = models.CharField(_("role"), max_length=10, choices=DealRole, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "deal", "party"], name="deal_contact_once")]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "party"], name="deal_contact_party")]

    def __str__(self) -> str:
        return str(self.party)


class DealTag(TenantRow):
    """A tag on a deal."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="tag_links")
    tag = models.ForeignKey(TAG, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="deal_links")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "tag", "deal"], name="deal_tag_once")]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "deal"], name="deal_tag_deal")]

    def __str__(self) -> str:
        return str(self.tag)


class StageChange(TenantRow):
    """A deal entered a stage: when, from which, by whom, with which budget. Append-only but for `left_at`."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="stage_changes")
    before = models.ForeignKey(
        Stage, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True)
    amount = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    by = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=150, blank=True)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "deal", "-id"], name="stage_change_deal"),
            models.Index(fields=["tenant_id", "stage", "at"], name="stage_change_stage"),
        ]

    def __str__(self) -> str:
        return str(self.stage)


class DealComment(BinRow):
    """What a colleague wrote about a deal; `mentions` are the users named with @."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+")
    text = models.TextField(_("comment"), max_length=5000)
    mentions = ArrayField(models.BigIntegerField(), default=list, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant_id", "deal", "id"], name="deal_comment_deal")]

    def __str__(self) -> str:
        return self.text[:80]


class BoardState(TenantRow):
    """How one member last looked at deals: the way and the pipeline (S0-20)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    view = models.CharField(max_length=8, default="list")
    pipeline = models.ForeignKey(
        Pipeline, null=True, blank=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False, related_name="+"
    )

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "user"], name="board_state_once")]

    def __str__(self) -> str:
        return self.view
