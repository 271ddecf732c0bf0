"""The search table: one row per findable record, whatever its kind."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Left

from dialogue.kit.rows import TenantManager, TenantRow
from dialogue.platform.embedded.functions import SearchGrams

LONGEST_HEAD = 60


class SearchLatin(models.Func):
    """`search_latin(value)`: the folded text in Latin letters, so that Дуликов, Dulikov and Dulykov are one word."""

    function = "search_latin"
    arity = 1
    output_field = models.TextField()


class SearchEntry(TenantRow):
    """What a record is found by. `found` is compared by parts, `head` by its beginning."""

    kind = models.CharField(max_length=20)
    record = models.BigIntegerField()
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    found = models.GeneratedField(
        expression=Left(SearchLatin(models.F("text")), 1000), output_field=models.TextField(), db_persist=True
    )
    head = models.GeneratedField(
        expression=Left(SearchLatin(models.F("title")), LONGEST_HEAD),
        output_field=models.CharField(max_length=LONGEST_HEAD, db_collation="C"),
        db_persist=True,
    )

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "kind", "record"], name="search_entry_once")]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "kind", "head"], name="search_entry_head"),
            GinIndex(SearchGrams("tenant_id", "found"), name="search_entry_grams"),
        ]

    def __str__(self) -> str:
        return self.title
