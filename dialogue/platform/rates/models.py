"""Exchange rates by day."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager

BY_HAND = "hand"
DIGITS, PLACES = 20, 10


class RateQuerySet(models.QuerySet["Rate"]):
    """Reads of rates."""

    def visible_to(self, actor: Actor) -> Self:
        """Return every rate: no member is kept from them."""
        return self.all()


RateManager = TenantManager.from_queryset(RateQuerySet)


class Rate(StampedRow):
    """What one unit of `currency` cost in `quote` on a day, as `source` says: a bank's code, or "hand"."""

    on = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    quote = models.CharField(_("priced in"), max_length=3)
    value = models.DecimalField(_("rate"), max_digits=DIGITS, decimal_places=PLACES)
    source = models.CharField(_("source"), max_length=12, default=BY_HAND)

    objects: ClassVar[RateManager[Self]] = RateManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "currency", "quote", "on"], name="rate_once"),
            models.CheckConstraint(condition=models.Q(value__gt=0), name="rate_positive"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-on", "currency"], name="rate_newest")]

    def __str__(self) -> str:
        return f"{self.currency}/{self.quote} {self.on}"
