"""What can be found: each room registers its kind of record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.registry import Registry


@dataclass(frozen=True)
class Hit:
    """One record found: what it is called, a line that tells it from its namesakes, its page."""

    kind: str
    record: int
    title: str
    hint: str
    url: str


@dataclass(frozen=True)
class SearchKind:
    """A kind of record that search finds.

    `rows` returns all rows of the open company annotated with `searched_title` and `searched_text` (everything it is
    found by, the title included); search writes them set-wise. `visible_to` returns the rows a member may see.
    `describe(rows)` turns a few visible rows into hits by at most two queries.
    """

    name: str
    label: str | Promise
    rows: Callable[[], QuerySet[Any]]
    visible_to: Callable[[Actor], QuerySet[Any]]
    describe: Callable[[QuerySet[Any]], Sequence[Hit]]


search_kinds: Registry[SearchKind] = Registry("search kinds")
