"""What is sold: products with the code and the name a company knows them by."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager


class ProductQuerySet(models.QuerySet["Product"]):
    """Reads of products."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all: every member may know what is sold."""
        return self

    def in_use(self) -> Self:
        """Return the products that are still sold."""
        return self.filter(archived_at=None)

    def named(self, text: str) -> Self:
        """Return by name those whose name holds every word of the text, or whose code begins with it; of no text nobody."""
        words = text.split()
        if not words:
            return self.none()
        named = models.Q()
        for word in words:
            named &= models.Q(name__icontains=word)
        return self.filter(named | models.Q(code__istartswith=" ".join(words))).order_by("name", "id")


ProductManager = TenantManager.from_queryset(ProductQuerySet)


class Product(StampedRow):
    """A product or a service; `code` is its article number, unique in the company."""

    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    category = models.CharField(_("category"), max_length=120, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ProductManager[Self]] = ProductManager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "code"], name="product_code_once")]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "name"], name="product_name"),
            models.Index(fields=["tenant_id", "category"], name="product_category", condition=~models.Q(category="")),
        ]

    def __str__(self) -> str:
        return self.name
