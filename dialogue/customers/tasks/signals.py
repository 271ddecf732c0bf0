"""What tasks tell the rooms above."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.kit.actors import Actor
from dialogue.kit.signals import Event


@dataclass(frozen=True)
class TasksFact:
    """Tasks changed: which, and the records they are or were about as (kind, id)."""

    ids: list[int]
    by: Actor
    subjects: frozenset[tuple[str, int]] = frozenset()


tasks_changed: Event[TasksFact] = Event("tasks.changed")
