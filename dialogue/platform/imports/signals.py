"""What imports tell the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event


@frozen
class Undone:
    """An undo removed and restored records of one model, named by its label in lower case."""

    model: str
    removed: list[int]
    restored: list[int]
    by: Actor


records_undone: Event[Undone] = Event("imports.records_undone")
