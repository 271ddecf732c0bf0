"""Imports: the file and its map, the outcome of each row, and what every touched record was before."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor, Reach
from dialogue.kit.rows import StampedRow, TenantManager, TenantRow
from dialogue.platform.imports.reading.reasons import reason_of

KIND = "import"


class ImportState(models.TextChoices):
    """Where an import stands."""

    DRAFT = "draft", _("being prepared")
    TRYING = "trying", _("being tried")
    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("stopped")
    FAILED = "failed", _("failed")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")


TRANSITIONS: dict[str, set[str]] = {
    ImportState.DRAFT: {ImportState.TRYING, ImportState.WAITING},
    ImportState.TRYING: {ImportState.DRAFT},
    ImportState.WAITING: {ImportState.RUNNING, ImportState.CANCELLED},
    ImportState.RUNNING: {ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED},
    ImportState.CANCELLED: {ImportState.WAITING, ImportState.RUNNING, ImportState.UNDOING},
    ImportState.FAILED: {ImportState.WAITING, ImportState.RUNNING, ImportState.UNDOING},
    ImportState.DONE: {ImportState.UNDOING},
    ImportState.UNDOING: {ImportState.UNDONE, ImportState.FAILED},
    ImportState.UNDONE: set(),
}
# A file whose import stands in one of these has left something behind.
LOADED = (ImportState.WAITING, ImportState.RUNNING, ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED)


class Outcome(models.TextChoices):
    """What became of a row."""

    CREATED = "created", _("created")
    UPDATED = "updated", _("updated")
    SKIPPED = "skipped", _("skipped")
    REFUSED = "refused", _("refused")


class ImportProfile(StampedRow):
    """A map kept under a name, offered again for files with the same columns."""

    kind = models.SlugField(max_length=30)
    name = models.CharField(_("name"), max_length=80)
    mapping = models.JSONField(default=dict)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "kind", "name"], name="import_profile_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ImportQuerySet(models.QuerySet["Import"]):
    """Reads of imports."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the imports the actor may see: all, or his own."""
        if actor.reach_of(KIND) is Reach.ALL:
            return self
        return self.filter(by_user=actor.user)

    def loaded(self, fingerprint: str, kind: str) -> Self:
        """Return the imports of the same file as the same kind that left something behind."""
        return self.filter(fingerprint=fingerprint, kind=kind, state__in=LOADED)


ImportManager = TenantManager.from_queryset(ImportQuerySet)


class Import(StampedRow):
    """One file loaded as one kind; `file` is empty once the file was removed. `read_through` is the number of the last row whose outcome is committed."""

    kind = models.SlugField(max_length=30)
    state = models.CharField(max_length=9, choices=ImportState, default=ImportState.DRAFT)
    file_name = models.CharField(_("file"), max_length=200)
    file = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    size = models.BigIntegerField()
    headers = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    trial = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    read_through = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict)
    details = models.JSONField(default=dict)
    undo = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    job = models.BigIntegerField(null=True)
    by_user = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects: ClassVar[ImportManager[Self]] = ImportManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "-id"], name="import_newest"),
            models.Index(fields=["tenant_id", "fingerprint"], name="import_fingerprint"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_open(self) -> bool:
        """Whether work on it goes on."""
        return self.state in {ImportState.WAITING, ImportState.RUNNING, ImportState.TRYING, ImportState.UNDOING}

    @property
    def may_undo(self) -> bool:
        """Whether it left something that can be taken back."""
        return self.state in {ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED} and self.read_through > 0

    @property
    def may_resume(self) -> bool:
        """Whether it stopped before the file's end."""
        return self.state in {ImportState.CANCELLED, ImportState.FAILED} and not self.undo and bool(self.file)


class ImportRow(TenantRow):
    """What became of one row of the file. Refused rows keep their cells."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="lines")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=7, choices=Outcome)
    subject = models.BigIntegerField(null=True)
    reason = models.JSONField(null=True)
    cells = models.JSONField(null=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "run", "number"], name="import_row_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "run", "number"], name="import_row_refused", condition=models.Q(outcome="refused")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.outcome}"

    @property
    def words(self) -> str:
        """Why, in the reader's language."""
        return str(reason_of(self.reason)) if self.reason else ""


class ImportChange(TenantRow):
    """One record an import made or changed: its image before, and the version the import left.

    `kept` says why an undo left it alone.
    """

    run = models.ForeignKey(Import, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="changes")
    model = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    made = models.BooleanField()
    before: Any = models.JSONField(null=True)
    stamp = models.DateTimeField(null=True)
    kept = models.CharField(max_length=10, blank=True)
    label = models.CharField(max_length=200, blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "run", "model", "row_id"], name="import_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.row_id}"
