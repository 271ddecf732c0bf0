"""Abstract rows: every row of a company carries its tenant and is read through a manager that refuses without one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor, Reach
from dialogue.kit.scope import current_tenant

M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet[M]):
    """Reads inside the open company."""


class TenantManager(models.Manager[M]):
    """The only door to a company's rows: raises without an open company."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[M]:
        """Return the rows of the open company.

        Raises:
            NoTenantError: no company is open.
        """
        return super().get_queryset().filter(tenant_id=current_tenant())


class KeptManager(TenantManager[M]):
    """Rows that are not in the bin."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Return the rows of the open company that are not in the bin."""
        return super().get_queryset().filter(deleted_at=None)


class TenantRow(models.Model):
    """A row that belongs to one company; row security in PostgreSQL fences it a second time."""

    tenant_id = models.BigIntegerField(default=current_tenant, editable=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:  # type: ignore[override]
        """Return a row as it was read. Django would walk all eighty fields of a deal for the ten that a list reads."""
        made = cls.__new__(cls)
        made._state = models.base.ModelState()
        made._state.adding, made._state.db = False, db
        made.__dict__.update(zip(field_names, values, strict=True))
        return made


class StampedRow(TenantRow):
    """A row that knows when it was made and changed, and whose version serves as ETag and as the warehouse's mark."""

    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        abstract = True


class BinRow(StampedRow):
    """A row that goes to the bin for 30 days before it is gone; the default manager leaves binned rows out."""

    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)

    objects: ClassVar[KeptManager[Self]] = KeptManager()
    with_bin: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True


def within_reach(actor: Actor, kind: str) -> models.Q:
    """Return which rows of `kind` the actor's reach covers by their `responsible`: his own, his team's and nobody's, or all."""
    reach = actor.reach_of(kind)
    if reach is Reach.ALL:
        return models.Q()
    if reach is Reach.TEAM:
        return models.Q(responsible_id__in=actor.members) | models.Q(responsible_id=None)
    return models.Q(responsible_id=actor.user)


def etag_of(row: Any) -> str:
    """Return the version of a row as the form and the API carry it, in microseconds of its last change."""
    return f"{row.updated_at.timestamp():.6f}"


def columns_of(model: type[models.Model], *, leaving: Collection[str] = ()) -> list[str]:
    """Return the model's own columns but those to leave, for `only()` beside a few columns of the rows it joins."""
    return [field.name for field in model._meta.concrete_fields if field.name not in leaving]
