"""The kinds of records that history, the bin and "why can X see this?" know: each room registers its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.kit.rows import BinRow


@frozen
class RecordKind:
    """A kind of record, registered under its model's label in lower case ("parties.party").

    `visible_to` returns the rows a member sees; `url_name` takes the id; `reach` is the kind under which roles say how far
    they see, `responsible` the field that names whose record it is. `permission` restores from the bin, by `restore` where
    more than a mark must change. `forget` runs before a row leaves the bin for good.
    """

    label: str | Promise
    plural: str | Promise
    visible_to: Callable[[Actor], QuerySet[Any]]
    url_name: str = ""
    reach: str = ""
    responsible: str = ""
    permission: str = ""
    binned: Callable[[Actor], QuerySet[Any]] | None = None
    restore: Callable[..., Any] | None = None
    forget: Callable[[Any], None] | None = None

    def address(self, number: int | None) -> str:
        """Return the record's page, or nothing where it has none."""
        if not self.url_name or number is None:
            return ""
        try:
            return reverse(self.url_name, args=[number])
        except NoReverseMatch:
            return ""


record_kinds: Registry[RecordKind] = Registry("record kinds")


def model_of(kind: str) -> type[models.Model]:
    """Return the model of a registered kind."""
    return apps.get_model(kind)


def binned_of(kind: str, actor: Actor) -> QuerySet[Any]:
    """Return the kind's rows in the bin that the actor may see, the last binned first."""
    known = record_kinds.get(kind)
    model: Any = model_of(kind)
    rows = known.binned(actor) if known.binned else model.with_bin.visible_to(actor)
    return rows.exclude(deleted_at=None).order_by("-deleted_at", "-pk")


def kinds_with_bin() -> list[str]:
    """Return the kinds whose records go to the bin."""
    return [key for key in record_kinds.keys() if issubclass(model_of(key), BinRow)]  # noqa: SIM118
