"""What a member should know."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from dialogue.kit.actors import Actor
from dialogue.kit.rows import TenantManager, TenantRow


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Reads of notices."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the member's own notices, nobody else's."""
        return self.filter(user_id=actor.user or 0)

    def unread(self) -> Self:
        """Return those he has not read."""
        return self.filter(read_at=None)


NoticeManager = TenantManager.from_queryset(NoticeQuerySet)


class Notice(TenantRow):
    """One line for one member: who did what to which record, with its address inside the company."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=40)
    actor_label = models.CharField(max_length=150, blank=True)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    objects: ClassVar[NoticeManager[Self]] = NoticeManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "user", "-id"], name="notice_newest"),
            models.Index(fields=["tenant_id", "user"], name="notice_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title
