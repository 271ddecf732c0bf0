"""The kinds of entries on a timeline: rooms above add their own with words and the side they stand on."""

from __future__ import annotations

from django.utils.functional import Promise

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry

Words = str | Promise


@frozen
class EntryKind:
    """One kind of entry.

    `side` is `out` for what we said, `in` for what came back, `own` for what we did or noted among ourselves. `indirect`
    marks a response that a machine may have made (an opened letter). `by_hand` lets a person choose it in the compose box.
    """

    label: Words
    side: str
    indirect: bool = False
    by_hand: bool = False


OUT, IN, OWN = "out", "in", "own"

entry_kinds: Registry[EntryKind] = Registry("timeline kinds")


def kinds_of(side: str, *, by_hand: bool = False) -> list[str]:
    """Return the names of the kinds that stand on one side."""
    names = entry_kinds.keys()
    return [name for name in names if entry_kinds.get(name).side == side and by_hand <= entry_kinds.get(name).by_hand]
