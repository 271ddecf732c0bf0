"""The directory of stored files."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import BinRow, KeptManager, TenantManager
from dialogue.platform.files.subjects import file_subjects


class FileQuerySet(models.QuerySet["StoredFile"]):
    """Reads of files."""

    def of(self, subject: models.Model) -> Self:
        """Return the files of a record, the newest first."""
        return self.filter(subject_kind=subject._meta.label_lower, subject_id=subject.pk).order_by("-id")

    def visible_to(self, actor: Actor) -> Self:
        """Return files of records the actor may see, and his own that belong to no record yet."""
        seen = models.Q(subject_kind="", maker=actor.user) if actor.user else models.Q(pk__in=[])
        for kind, subject in file_subjects.items():
            seen |= models.Q(subject_kind=kind, subject_id__in=subject.visible_to(actor).order_by().values("pk"))
        return self.filter(seen)


FileManager = KeptManager.from_queryset(FileQuerySet)
AnyFileManager = TenantManager.from_queryset(FileQuerySet)


class StoredFile(BinRow):
    """One file of the company: its name and checked type, its place in the store, the record it belongs to."""

    name = models.CharField(_("name"), max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    place = models.CharField(max_length=120)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True)
    maker = models.BigIntegerField(null=True)
    maker_label = models.CharField(max_length=150, blank=True)

    objects: ClassVar[FileManager[Self]] = FileManager()
    with_bin: ClassVar[Any] = AnyFileManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-id"], name="file_subject")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shown(self) -> bool:
        """Whether a browser may show it instead of saving it."""
        return self.media_type in {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"}
