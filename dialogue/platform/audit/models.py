"""The audit stream."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from dialogue.kit.rows import TenantManager, TenantRow


class Entry(TenantRow):
    """One thing done: by whom, when, to which record, what changed.

    `changes` maps a field to `[before, after]`; `facts` holds what else the event says (a count, a reason).
    """

    at = models.DateTimeField(default=timezone.now)
    actor = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=150, blank=True)
    actor_kind = models.CharField(max_length=12, default="user")
    event = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField(null=True)
    subject_label = models.CharField(max_length=200, blank=True)
    changes = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    request = models.CharField(max_length=40, blank=True)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-id"], name="entry_subject"),
            models.Index(fields=["tenant_id", "-id"], name="entry_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject_kind} {self.subject_id}"
