"""Segments, their rules through time, who is a member since when, and who was put in or left out by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.rows import BinRow, KeptManager, TenantManager, TenantRow, within_reach
from dialogue.marketing.segments.permissions import KIND
from dialogue.platform.accounts.models import User

LIVE = models.Q(deleted_at__isnull=True)
CURRENT = models.Q(until__isnull=True)
# The reference (kit/reference.py) by which pages remember the names of segments.
NAMES = "segments.names"


class SegmentKind(models.TextChoices):
    """How people come into a segment."""

    DYNAMIC = "dynamic", pgettext_lazy("kind of segment", "follows its rule")
    STATIC = "static", pgettext_lazy("kind of segment", "filled once")


class Verdict(models.TextChoices):
    """What a person decided by hand."""

    IN = "in", _("put in by hand")
    OUT = "out", _("left out by hand")


class SegmentQuerySet(models.QuerySet["Segment"]):
    """Reads of segments."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the segments the actor may see: his own, his team's and nobody's, or all."""
        return self.filter(within_reach(actor, KIND))

    def dynamic(self) -> Self:
        """Return those that follow their rule."""
        return self.filter(kind=SegmentKind.DYNAMIC)

    def naming(self, pk: int) -> Self:
        """Return those whose rule names this one."""
        return self.filter(uses__contains=[pk])

    def by_name(self) -> Self:
        """Return them in alphabetical order."""
        return self.order_by("fold", "id")


SegmentManager = KeptManager.from_queryset(SegmentQuerySet)
BinnedSegmentManager = TenantManager.from_queryset(SegmentQuerySet)


class Segment(BinRow):
    """Whom to speak to: a versioned rule over customers and the stored membership that follows it.

    `tree` is the current rule, `{}` for one filled from chosen rows; `uses` are the segments it names. `size`, the `base` it
    is a part of, `built_at`, `built_version` and `took_ms` say how the last rebuild ended, `problem` why it could not; `job`
    is the last one queued. `response` holds how members answered lately beside the whole base, with its day and numbers.
    """

    name = models.CharField(pgettext_lazy("of a segment", "name"), max_length=120)
    fold = models.CharField(max_length=120, editable=False)
    code = models.CharField(_("code"), max_length=60, editable=False)
    note = models.TextField(_("note"), blank=True)
    kind = models.CharField(_("how it is filled"), max_length=7, choices=SegmentKind, default=SegmentKind.DYNAMIC)
    tree = models.JSONField(_("rule"), default=dict)
    version = models.PositiveIntegerField(_("version"), default=1)
    uses = ArrayField(models.BigIntegerField(), default=list, editable=False)
    responsible = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, db_index=False, related_name="+", verbose_name=_("responsible")
    )
    size = models.BigIntegerField(_("people"), default=0, editable=False)
    base = models.BigIntegerField(default=0, editable=False)
    built_at = models.DateTimeField(_("as of"), null=True, editable=False)
    built_version = models.PositiveIntegerField(default=0, editable=False)
    took_ms = models.PositiveIntegerField(default=0, editable=False)
    problem = models.CharField(max_length=300, blank=True, editable=False)
    job = models.BigIntegerField(null=True, editable=False)
    response = models.JSONField(default=dict, editable=False)
    created_by = models.BigIntegerField(null=True, editable=False)

    objects: ClassVar[SegmentManager[Self]] = SegmentManager()
    with_bin: ClassVar[BinnedSegmentManager[Self]] = BinnedSegmentManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "fold"], name="segment_name_once", condition=LIVE),
            models.UniqueConstraint(fields=["tenant_id", "code"], name="segment_code_once"),
            models.CheckConstraint(condition=models.Q(kind__in=SegmentKind.values), name="segment_kind_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "created_at", "id"], name="segment_newest", condition=LIVE)]

    def __str__(self) -> str:
        return self.name

    @property
    def is_dynamic(self) -> bool:
        """Whether it follows its rule."""
        return self.kind == SegmentKind.DYNAMIC

    @property
    def is_behind(self) -> bool:
        """Whether the stored membership is not yet that of the current rule."""
        return self.built_version != self.version


class SegmentVersion(TenantRow):
    """One rule a segment has had: who wrote it and when."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="versions")
    number = models.PositiveIntegerField()
    tree = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)
    by = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=150, blank=True)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "segment", "number"], name="segment_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} / {self.number}"


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Reads of memberships."""

    def current(self) -> Self:
        """Return the memberships that hold now."""
        return self.filter(until=None)

    def at(self, moment: datetime) -> Self:
        """Return the memberships that held at a moment."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=moment), since__lte=moment)


MembershipManager = TenantManager.from_queryset(MembershipQuerySet)


class Membership(TenantRow):
    """Somebody is in a segment since a moment, until another one or still.

    Narrow on purpose, since a rebuild writes hundreds of thousands: bare ids, no keys, no trigger per row. It is safe: row
    security fences the table, ids are only ever read from the company's own rows under the same fence, every read joins
    living customers, and a trigger per statement forgets the rows of customers who are deleted for good.
    """

    segment_id = models.BigIntegerField()
    party_id = models.BigIntegerField()
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True)

    objects: ClassVar[MembershipManager[Self]] = MembershipManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "segment_id", "party_id"], name="segment_member_once", condition=CURRENT
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "party_id"], name="segment_member_party"),
            models.Index(fields=["tenant_id", "segment_id", "until"], name="segment_member_left", condition=~CURRENT),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} in {self.segment_id}"


class HandPick(TenantRow):
    """What a person decided about one customer and one segment, whatever the rule says."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="picks")
    party = models.ForeignKey(
        Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="segment_picks"
    )
    verdict = models.CharField(_("decision"), max_length=3, choices=Verdict)
    note = models.CharField(_("note"), max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=150, blank=True)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "segment", "party"], name="segment_pick_once"),
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="segment_pick_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "party"], name="segment_pick_party")]

    def __str__(self) -> str:
        return f"{self.party_id} {self.verdict} {self.segment_id}"


class SegmentDay(TenantRow):
    """How large a segment was at the end of a day, and how many came and went on it."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="days")
    day = models.DateField()
    size = models.BigIntegerField(default=0)
    joined = models.BigIntegerField(default=0)
    departed = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "segment", "day"], name="segment_day_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.day}: {self.size}"
