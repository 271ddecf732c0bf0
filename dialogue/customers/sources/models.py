"""One row per programme, activity and impact of marketing, so that anything can say where it came from."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager
from dialogue.kit.statement import Statement, one_of


class SourceKind(models.TextChoices):
    """How large a piece of marketing is."""

    PROGRAMME = "programme", _("programme")
    ACTIVITY = "activity", _("campaign")
    IMPACT = "impact", _("step of a campaign")
    OTHER = "other", _("other source")


class SourceQuerySet(models.QuerySet["Source"]):
    """Reads of sources."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all: every member may know where a customer or an answer came from."""
        return self

    def campaigns(self) -> Self:
        """Return the campaigns, the newest first."""
        return self.filter(kind=SourceKind.ACTIVITY).order_by("-id")


SourceManager = TenantManager.from_queryset(SourceQuerySet)


class Source(StampedRow):
    """Where something came from. `fold` is the name in the form by which it is found again."""

    kind = models.CharField(_("kind"), max_length=10, choices=SourceKind, default=SourceKind.ACTIVITY)
    name = models.CharField(_("name"), max_length=160)
    fold = models.CharField(max_length=160, editable=False)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="parts"
    )
    started_on = models.DateField(_("started"), null=True, blank=True)
    ended_on = models.DateField(_("ended"), null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    objects: ClassVar[SourceManager[Self]] = SourceManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "fold"], name="source_name_once", condition=models.Q(parent__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "parent", "kind", "fold"],
                name="source_part_once",
                condition=models.Q(parent__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


def fold_name(name: str) -> str:
    """Return the form in which two names are the same source."""
    return " ".join(name.casefold().split())[:160]


NAMED = Statement(lambda ids: Source.objects.filter(one_of("id", ids)).only("name", "tenant_id"))


def source_names(ids: Any) -> dict[int, str]:
    """Return `{id: name}` of the given sources."""
    asked = tuple(sorted(set(ids)))
    return {one.pk: one.name for one in NAMED.rows(ids=asked)} if asked else {}
