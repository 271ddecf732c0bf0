"""What a list remembers: saved views, each member's columns, bulk edits with their before-images."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager, TenantRow

# The references (kit/reference.py) by which pages remember views and states.
VIEWS, STATES = "lists.views", "lists.states"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Reads of saved views."""

    def visible_to(self, actor: Actor) -> models.QuerySet[SavedView]:
        """Return the member's own views and the shared ones."""
        return self.filter(models.Q(owner=None) | models.Q(owner_id=actor.user))


SavedViewManager = TenantManager.from_queryset(SavedViewQuerySet)


class SavedView(StampedRow):
    """A named filter with its columns and order; without an owner it is shared by the company."""

    page = models.CharField(max_length=40)
    name = models.CharField(_("name"), max_length=80)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    query = models.JSONField(default=dict)
    columns = models.JSONField(default=list)

    objects: ClassVar[SavedViewManager[Self]] = SavedViewManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant_id", "page"], name="saved_view_page")]

    def __str__(self) -> str:
        return self.name


class ListState(TenantRow):
    """How one member last left a list: his columns, his page size, the way of seeing it."""

    page = models.CharField(max_length=40)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    columns = models.JSONField(default=list)
    size = models.PositiveSmallIntegerField(default=40)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "user", "page"], name="list_state_once")]

    def __str__(self) -> str:
        return self.page


class BulkEdit(TenantRow):
    """A change of many rows at once, with what each row held before."""

    page = models.CharField(max_length=40)
    verb = models.CharField(max_length=40)
    value = models.JSONField(null=True)
    before = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)
    by_user = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=150)
    undone_at = models.DateTimeField(null=True)
    restored = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant_id", "page", "-id"], name="bulk_edit_newest")]

    def __str__(self) -> str:
        return f"{self.verb} × {self.count}"
