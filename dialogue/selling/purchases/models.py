"""Who bought what and when, imported or ordered."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.models import Party, parties_in_sight
from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager, TenantRow
from dialogue.selling.catalog.models import Product


class PurchaseQuerySet(models.QuerySet["Purchase"]):
    """Reads of purchases."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the purchases of the customers the actor may see; anonymous ones belong to everybody."""
        seen = parties_in_sight(actor)
        return self.filter(models.Q(party=None) | seen) if seen else self

    def of(self, party: Party | int) -> Self:
        """Return one customer's purchases."""
        return self.filter(party_id=party.pk if isinstance(party, Party) else party)

    def newest(self) -> Self:
        """Return them from the newest to the oldest."""
        return self.order_by("-at", "-id")


PurchaseManager = TenantManager.from_queryset(PurchaseQuerySet)


class Purchase(StampedRow):
    """One purchase. Without a party it was anonymous; a return or cancellation has a negative amount.

    `amount` is the sum of its lines; `external_id` the number of the till, shop or book it comes from; `coupon` the code that
    came with it, whether or not it counts.
    """

    at = models.DateTimeField(_("when"), default=timezone.now)
    party = models.ForeignKey(
        Party,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="purchases",
        verbose_name=_("customer"),
    )
    external_id = models.CharField(_("number"), max_length=80, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=19, decimal_places=4, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    is_return = models.BooleanField(_("return"), default=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    source = models.BigIntegerField(_("source"), null=True, blank=True)
    coupon = models.CharField(_("coupon"), max_length=40, blank=True, default="", db_default="")
    created_by = models.BigIntegerField(null=True, blank=True, editable=False)

    objects: ClassVar[PurchaseManager[Self]] = PurchaseManager()

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "external_id"], name="purchase_number_once", condition=~models.Q(external_id="")
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "party", "-at", "-id"], name="purchase_of_party"),
            models.Index(fields=["tenant_id", "-at", "-id"], name="purchase_newest"),
        ]

    def __str__(self) -> str:
        return self.external_id or f"№ {self.pk}"


class PurchaseLine(TenantRow):
    """One line: what, how many, at which price. `amount` is what it came to: as the till says, else quantity × price; negative in returns."""

    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="lines")
    product = models.ForeignKey(
        Product, null=True, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="lines"
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=15, decimal_places=3, default=1)
    price = models.DecimalField(_("price"), max_digits=19, decimal_places=4, default=0)
    amount = models.DecimalField(_("amount"), max_digits=19, decimal_places=4, default=0)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "purchase"], name="purchase_line_purchase"),
            models.Index(fields=["tenant_id", "product"], name="purchase_line_product"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.product or "")
