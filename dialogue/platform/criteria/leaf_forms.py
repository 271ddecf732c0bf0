"""How the leaves of rooms above are written and read by people: their words and the choices the editor offers.

A room that adds a leaf to `rules.leaves` adds its form here under the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.platform.criteria.fields import Asking, Choices
from dialogue.platform.criteria.words import Words


@frozen
class Slot:
    """One choice of a leaf: `key` is its name in the form; `usual` is taken where the rule does not say it."""

    key: str
    label: Words
    choices: Callable[[Asking], Choices]
    usual: str = ""


@frozen
class LeafForm:
    """A leaf as people meet it.

    `says(said, where)` is its clause, from the words of its slots and the clause of its nested rules ("" for none).
    `entity` is the kind of record it can be asked of, `where` the kind its nested rules are about ("" = takes none).
    `read(tree)` gives the slots' values, `write(values)` the node without its nested rules; they undo each other.
    `example` is a node for the reference of the language.
    """

    label: Words
    entity: str
    slots: tuple[Slot, ...]
    says: Callable[[Mapping[str, str], str], str]
    read: Callable[[Mapping[str, Any]], dict[str, str]]
    write: Callable[[Mapping[str, str]], dict[str, Any]]
    where: str = ""
    hint: Words = ""
    example: Mapping[str, Any] | None = None


leaf_forms: Registry[LeafForm] = Registry("leaf forms")
