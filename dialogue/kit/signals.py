"""Typed signals: a lower room speaks after its change, rooms above listen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

E = TypeVar("E")


class Event(Generic[E]):
    """A past-tense event carrying one typed fact; listeners run in the sender's transaction, in order of arrival."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._listeners: list[Callable[[E], None]] = []

    def listen(self, listener: Callable[[E], None]) -> Callable[[E], None]:
        """Add a listener and return it (use as a decorator)."""
        self._listeners.append(listener)
        return listener

    def tell(self, fact: E) -> None:
        """Tell every listener; an error in one refuses the whole change."""
        for listener in self._listeners:
            listener(fact)
