"""What somebody has to do, by when."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dialogue.customers.tasks.permissions import KIND
from dialogue.kit.actors import Actor, Reach
from dialogue.kit.rows import BinRow, KeptManager, TenantManager, within_reach

LIVE = models.Q(deleted_at__isnull=True)
OPEN = LIVE & models.Q(done_at__isnull=True)


class Priority(models.IntegerChoices):
    """How much it presses."""

    HIGH = 1, _("high")
    USUAL = 2, _("usual")
    LOW = 3, _("low")


class TaskQuerySet(models.QuerySet["Task"]):
    """Reads of tasks."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the tasks the actor may see: his own and those he gave, his team's, or all."""
        if actor.reach_of(KIND) is Reach.ALL:
            return self
        own = models.Q(responsible_id=actor.user) | models.Q(created_by=actor.user)
        return self.filter(own | within_reach(actor, KIND))

    def open(self) -> Self:
        """Return the tasks not done."""
        return self.filter(done_at=None)

    def due_until(self, day: date) -> Self:
        """Return the open tasks due on a day or before it."""
        return self.open().filter(due_on__lte=day)

    def about(self, kind: str, ids: list[int]) -> Self:
        """Return the tasks of some records of a kind."""
        return self.filter(subject_kind=kind, subject_id__in=ids)

    def in_order(self) -> Self:
        """Return them as a day is worked through: by day, by hour, by priority."""
        return self.order_by("due_on", models.F("due_at").asc(nulls_last=True), "priority", "id")


TaskManager = KeptManager.from_queryset(TaskQuerySet)
BinnedTaskManager = TenantManager.from_queryset(TaskQuerySet)


class Task(BinRow):
    """One thing to do. `due_on` is the company's day, `due_at` its exact hour where it has one.

    `party` is whom it concerns; `subject_kind` and `subject_id` name a record of a room above (a deal), its words kept in
    `subject_label`.
    """

    title = models.CharField(_("task"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    due_on = models.DateField(_("due"))
    due_at = models.DateTimeField(_("at"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.USUAL)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        related_name="+",
        verbose_name=_("responsible"),
    )
    party = models.ForeignKey(
        "parties.Party",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_constraint=False,
        db_index=False,
        related_name="tasks",
        verbose_name=_("customer"),
    )
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    subject_label = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True, editable=False)
    done_by = models.BigIntegerField(null=True, editable=False)
    outcome = models.CharField(_("outcome"), max_length=500, blank=True)
    created_by = models.BigIntegerField(null=True, editable=False)

    objects: ClassVar[TaskManager[Self]] = TaskManager()
    with_bin: ClassVar[BinnedTaskManager[Self]] = BinnedTaskManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "responsible", "due_on"], name="task_mine", condition=OPEN),
            models.Index(fields=["tenant_id", "due_on", "id"], name="task_due", condition=OPEN),
            models.Index(fields=["tenant_id", "party"], name="task_party", condition=models.Q(party__isnull=False)),
            models.Index(
                fields=["tenant_id", "subject_kind", "subject_id"],
                name="task_subject",
                condition=models.Q(subject_id__isnull=False),
            ),
            models.Index(fields=["tenant_id", "created_at", "id"], name="task_newest", condition=LIVE),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_done(self) -> bool:
        """Whether it is done."""
        return self.done_at is not None

    def hour_in(self, zone: object) -> datetime | None:
        """Return the exact hour in a time zone, None where only the day is set."""
        return self.due_at.astimezone(zone) if self.due_at else None  # type: ignore[arg-type]
