"""What PostgreSQL keeps for the warehouse: which rows are gone, and which life of the database its files belong to."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self

from django.db import models

from dialogue.kit.rows import TenantManager, TenantRow


class Tombstone(TenantRow):
    """A deleted row of a table that the warehouse copies; a trigger writes it, a refresh takes it away.

    The column `version` (xid8) is PostgreSQL's own affair, as in every table with `Versioned`.
    """

    of_table = models.CharField(max_length=63)
    row = models.BigIntegerField()

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    def __str__(self) -> str:
        return f"{self.of_table} {self.row}"


class Life(TenantRow):
    """The life of a company's rows in this database: a restore begins another, so that copied files are void."""

    epoch = models.UUIDField(default=uuid.uuid4)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id"], name="warehouse_life_once")]

    def __str__(self) -> str:
        return str(self.epoch)
