"""One row for each purchase or deal that something of ours brought, with the rule that says so."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.models import Party, parties_in_sight
from dialogue.kit.actors import Actor
from dialogue.kit.rows import TenantManager, TenantRow


class What(models.TextChoices):
    """What is attributed."""

    PURCHASE = "purchase", _("purchase")
    DEAL = "deal", _("deal")


class Rule(models.TextChoices):
    """By which rule, the surest first."""

    COUPON = "coupon", _("a coupon came with it")
    NAMED = "named", _("it names the campaign itself")
    DEED = "deed", _("the customer answered shortly before")
    DELIVERED = "delivered", _("a message reached him shortly before")


class AttributionQuerySet(models.QuerySet["Attribution"]):
    """Reads of attributions."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of the customers the actor may see."""
        return self.filter(parties_in_sight(actor))

    def to_source(self, source: int) -> Self:
        """Return what a campaign brought."""
        return self.filter(source=source)

    def by_rule(self) -> dict[str, int]:
        """Return `{rule: how many}`."""
        return dict(self.values_list("rule").annotate(count=Count("id")))


AttributionManager = TenantManager.from_queryset(AttributionQuerySet)


class Attribution(TenantRow):
    """What brought one purchase or deal; amounts stay where they are, in the purchase or deal named by `what` and `ref`.

    `source` is the campaign, `touch` the message, `entry` the answer (or message) that shows it: bare ids. `days` lie between
    that and `at`; `within` is the window of the rule when it was asked.
    """

    what = models.CharField(max_length=8, choices=What)
    ref = models.BigIntegerField()
    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    at = models.DateTimeField(_("when"))
    source = models.BigIntegerField(_("campaign"), null=True)
    touch = models.BigIntegerField(null=True)
    entry = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=9, choices=Rule)
    days = models.PositiveSmallIntegerField(default=0)
    within = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[AttributionManager[Any]] = AttributionManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "what", "ref"], name="attribution_once"),
            models.CheckConstraint(condition=models.Q(rule__in=Rule.values), name="attribution_rule_known"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "source", "what", "at"],
                name="attribution_of_source",
                condition=models.Q(source__isnull=False),
            ),
            models.Index(fields=["tenant_id", "party"], name="attribution_of_party"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.ref}: {self.rule}"
