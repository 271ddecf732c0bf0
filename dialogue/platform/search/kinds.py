"""What can be found: each room registers its kind of record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.kit.statement import Statement


@frozen
class Hit:
    """One record found: what it is called, a line that tells it from its namesakes, its page."""

    kind: str
    record: int
    title: str
    hint: str
    url: str


@frozen
class Findable:
    """What a record is found by: its title, and everything, the title included."""

    record: int
    title: str
    text: str


@frozen
class SearchKind:
    """A kind of record that search finds.

    `rows` returns all rows of the open company, `texts(rows)` says by a few queries what they are found by.
    `visible_to` returns the rows a member may see. `read` are statements by `actor` and the tuple `ids` for what a line of
    what was found says, the first of them of visible rows only; `describe` makes hits of what they answer.
    """

    name: str
    label: str | Promise
    rows: Callable[[], QuerySet[Any]]
    texts: Callable[[QuerySet[Any]], Iterable[Findable]]
    visible_to: Callable[[Actor], QuerySet[Any]]
    read: tuple[Statement[Any], ...]
    describe: Callable[..., Sequence[Hit]]

    @cached_property
    def seen(self) -> Statement[Any]:
        """The ids of the rows a member may see, as a statement."""
        return Statement(lambda actor: self.visible_to(actor).values("pk"))


search_kinds: Registry[SearchKind] = Registry("search kinds")
