"""What tasks tell the rooms above."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event


@frozen
class TasksFact:
    """Tasks changed: which, and the records they are or were about as (kind, id)."""

    ids: list[int]
    by: Actor
    subjects: frozenset[tuple[str, int]] = frozenset()


tasks_changed: Event[TasksFact] = Event("tasks.changed")
