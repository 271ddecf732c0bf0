"""Series of coupons, their codes, and each use of a code with whether it counts."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.models import Party, parties_in_sight
from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager, TenantRow
from dialogue.selling.promotions.rules import Terms, Verdict
from dialogue.selling.purchases.models import Purchase


class SeriesQuerySet(models.QuerySet["Series"]):
    """Reads of series."""

    def in_use(self) -> Self:
        """Return those that were not closed."""
        return self.filter(closed_at=None)

    def newest(self) -> Self:
        """Return them with the newest first."""
        return self.order_by("-id")


SeriesManager = TenantManager.from_queryset(SeriesQuerySet)


class Series(StampedRow):
    """Coupons of one offer. With a `code` everybody uses the same; without one each code is used once.

    `source` is the bare id of the campaign that gives them out; `ends_on` is the last day.
    """

    name = models.CharField(_("name"), max_length=120)
    source = models.BigIntegerField(_("campaign"), null=True, blank=True)
    offer = models.CharField(_("what it gives"), max_length=200, blank=True)
    code = models.CharField(_("code"), max_length=40, blank=True)
    prefix = models.CharField(_("begins with"), max_length=12, blank=True)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)
    once_each = models.BooleanField(_("once a customer"), default=True)
    limit = models.PositiveIntegerField(_("uses at most"), null=True, blank=True)
    closed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[SeriesManager[Self]] = SeriesManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "name"], name="coupon_series_name_once")]

    def __str__(self) -> str:
        return self.name

    def terms(self, zone: ZoneInfo) -> Terms:
        """Return how its codes may be used, days read in the company's zone."""
        ends = self.ends_on + timedelta(days=1) if self.ends_on else None
        return Terms(
            personal=not self.code,
            once_each=self.once_each,
            starts=_midnight(self.starts_on, zone),
            ends=_midnight(ends, zone),
            closed=self.closed_at,
            limit=self.limit,
        )


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time.min, tzinfo=zone) if day else None


class Coupon(TenantRow):
    """One code. `party` is whom it was issued to: None for the code of everybody and for codes handed out without a name."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="coupons")
    code = models.CharField(max_length=40)
    party = models.ForeignKey(
        Party, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="coupon_code_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "series", "party"], name="coupon_once_a_person", condition=models.Q(party__isnull=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "series", "id"], name="coupon_of_series"),
            models.Index(fields=["tenant_id", "party"], name="coupon_of_party", condition=models.Q(party__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.code


class UseQuerySet(models.QuerySet["Use"]):
    """Reads of uses."""

    def living(self) -> Self:
        """Leave out uses whose purchase was taken back (the undo of an import)."""
        return self.filter(Exists(Purchase.objects.filter(pk=OuterRef("purchase"))))

    def counting(self) -> Self:
        """Return the uses that count."""
        return self.filter(verdict=Verdict.COUNTS)

    def visible_to(self, actor: Actor) -> Self:
        """Return the uses by customers the actor may see, and those of nobody known."""
        seen = parties_in_sight(actor)
        return self.filter(models.Q(party=None) | seen) if seen else self


UseManager = TenantManager.from_queryset(UseQuerySet)


class Use(TenantRow):
    """A code that came with a purchase; `purchase`, `touch` (the message it answers) and `entry` (the answer) are bare ids."""

    at = models.DateTimeField()
    series = models.ForeignKey(
        Series, null=True, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="uses"
    )
    coupon = models.ForeignKey(
        Coupon, null=True, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="uses"
    )
    code = models.CharField(max_length=40)
    purchase = models.BigIntegerField()
    party = models.ForeignKey(
        Party, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False, related_name="+"
    )
    verdict = models.CharField(max_length=7, choices=Verdict)
    touch = models.BigIntegerField(null=True)
    entry = models.BigIntegerField(null=True)

    objects: ClassVar[UseManager[Self]] = UseManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "purchase"], name="coupon_use_once")]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "series", "-at"], name="coupon_use_of_series"),
            models.Index(fields=["tenant_id", "coupon"], name="coupon_use_of_coupon"),
            models.Index(fields=["tenant_id", "party"], name="coupon_use_of_party"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def counts(self) -> bool:
        """Whether it counts."""
        return self.verdict == Verdict.COUNTS
