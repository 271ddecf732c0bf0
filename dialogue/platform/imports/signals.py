"""What imports tell the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.kit.actors import Actor
from dialogue.kit.signals import Event


@dataclass(frozen=True)
class Undone:
    """An undo removed and restored records of one model, named by its label in lower case."""

    model: str
    removed: list[int]
    restored: list[int]
    by: Actor


records_undone: Event[Undone] = Event("imports.records_undone")
