"""One small registry for everything that rooms add to other rooms."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class RegistryError(RuntimeError):
    """A name was registered twice, was not found, or came after the registry was closed."""


class Registry(Generic[T]):
    """Named contributions in the order (weight, arrival); duplicates are refused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: dict[str, T] = {}
        self._weights: dict[str, tuple[int, int]] = {}
        self._rooms: dict[str, str] = {}

    def add(self, key: str, item: T, *, weight: int = 100) -> T:
        """Register `item` under `key` and return it.

        Raises:
            RegistryError: the key is taken.
        """
        if key in self._items:
            message = f"{self.name}: {key!r} is registered already"
            raise RegistryError(message)
        self._items[key] = item
        self._weights[key] = (weight, len(self._weights))
        self._rooms[key] = _room_that_adds()
        return item

    def register(self, key: str, *, weight: int = 100) -> Callable[[T], T]:
        """Return a decorator that registers what it decorates."""

        def decorate(item: T) -> T:
            return self.add(key, item, weight=weight)

        return decorate

    def get(self, key: str) -> T:
        """Return the contribution named `key`.

        Raises:
            RegistryError: nobody registered it; the message lists the names that exist.
        """
        try:
            return self._items[key]
        except KeyError:
            known = ", ".join(sorted(self._items)) or "nothing yet"
            message = f"{self.name}: {key!r} is unknown. Known: {known}"
            raise RegistryError(message) from None

    def within(self, off: Collection[str]) -> list[T]:
        """Return the contributions, in display order, of all rooms but those a company switched off."""
        return [self._items[key] for key in self.keys() if self._rooms[key] not in off]

    def find(self, key: str) -> T | None:
        """Return the contribution named `key`, or None."""
        return self._items.get(key)

    def keys(self) -> list[str]:
        """Return the names in display order."""
        return sorted(self._items, key=self._weights.__getitem__)

    def __iter__(self) -> Iterator[T]:
        return iter([self._items[key] for key in self.keys()])

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    @contextmanager
    def temporarily(self, key: str, item: T) -> Iterator[T]:
        """Register `item` for the length of a block (tests)."""
        self.add(key, item)
        try:
            yield item
        finally:
            del self._items[key]
            del self._weights[key]
            del self._rooms[key]


def _room_that_adds() -> str:
    """Return the room whose module is adding a contribution: `deals` for `dialogue.selling.deals.registers`."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") == __name__ and frame.f_back is not None:
        frame = frame.f_back
    module = str(frame.f_globals.get("__name__", "")).split(".")
    return module[2] if len(module) > 2 and module[0] == "dialogue" else ""
