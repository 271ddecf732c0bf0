"""The search table: one row per findable record, whatever its kind."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from dialogue.kit.rows import TenantManager, TenantRow
from dialogue.platform.search.latin import LONGEST_HEAD


class SearchEntry(TenantRow):
    """What a record is found by, in Latin letters.

    `head` is its title and compared by its beginning, `found` everything and compared by parts, through `grams`.
    """

    kind = models.CharField(max_length=20)
    record = models.BigIntegerField()
    head = models.CharField(max_length=LONGEST_HEAD, db_collation="C")
    found = models.TextField(blank=True)
    grams = ArrayField(models.IntegerField(), default=list)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "kind", "record"], name="search_entry_once")]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "kind", "head"], name="search_entry_head"),
            GinIndex(fields=["grams"], name="search_entry_grams"),
        ]

    def __str__(self) -> str:
        return self.head
