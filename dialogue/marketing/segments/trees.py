"""What a segment's rule says about other segments and members: pure walks over the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.platform.criteria.fields import Entity, entities
from dialogue.platform.criteria.kinds import FieldKind

LEAF, FIELD = "in_segment", "segment"
ME = "me"
JOINS = ("all", "any", "where")


def named_in(tree: Any) -> list[str]:
    """Return the codes of the segments that a rule names, each once, in their order."""
    return list(dict.fromkeys(_named(tree)))


def _named(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for part in tree:
            yield from _named(part)
    elif isinstance(tree, Mapping):
        if isinstance(tree.get(LEAF), str):
            yield tree[LEAF]
        if tree.get("field") == FIELD:
            for key, value in tree.items():
                if key not in {"field", "empty"}:
                    yield from (str(one) for one in (value if isinstance(value, list) else [value]))
            return
        for key, value in tree.items():
            if key != LEAF:
                yield from _named(value)


def asks_rows(tree: Any) -> bool:
    """Return whether a rule asks of what customers have or lack: their purchases, touches, people."""
    if isinstance(tree, list):
        return any(asks_rows(part) for part in tree)
    return isinstance(tree, Mapping) and ("has" in tree or "lacks" in tree or any(asks_rows(part) for part in tree.values()))


def settled(tree: Any, entity: Entity, by: Actor) -> Any:
    """Return the rule with the member himself where it says "me": a segment means the same whoever reads it.

    Raises:
        Refusal: it says "me" and nobody is there to be meant.
    """
    if not isinstance(tree, Mapping):
        return tree
    if "field" in tree:
        return _without_me(tree, entity, by)
    inner = entity
    for word in ("has", "lacks"):
        relation = entity.relations.find(str(tree[word])) if word in tree else None
        inner = entities.get(relation.entity) if relation else inner
    made = dict(tree)
    for key in JOINS:
        if isinstance(tree.get(key), list):
            made[key] = [settled(part, inner, by) for part in tree[key]]
    if "not" in tree:
        made["not"] = settled(tree["not"], entity, by)
    return made


def _without_me(tree: Mapping[str, Any], entity: Entity, by: Actor) -> dict[str, Any]:
    known = entity.fields.find(str(tree["field"]))
    if known is None or known.kind != FieldKind.USER:
        return dict(tree)
    said = [one for value in tree.values() for one in (value if isinstance(value, list) else [value])]
    if ME in said and by.user is None:
        raise Refusal(_("To keep a segment name the member instead of “me”."), field="tree", code="wrong-rule")
    return {
        key: [_him(one, by) for one in value] if isinstance(value, list) else _him(value, by) if key != "field" else value
        for key, value in tree.items()
    }


def _him(value: Any, by: Actor) -> Any:
    return str(by.user) if value == ME else value


def way_back(start: int, uses: Iterable[int], named_by: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the path from one of `uses` back to `start` along `{segment: those it names}`, [] where there is none."""
    waiting = [[one] for one in uses]
    seen: set[int] = set()
    while waiting:
        path = waiting.pop()
        if path[-1] == start:
            return path
        if path[-1] not in seen:
            seen.add(path[-1])
            waiting += [[*path, following] for following in named_by.get(path[-1], ())]
    return []


def in_order(uses: Mapping[int, Sequence[int]], wanted: Iterable[int] | None = None) -> list[int]:
    """Return segments so that each comes after those it names: all, or the wanted ones with what they need."""
    done: dict[int, None] = {}

    def visit(one: int, above: frozenset[int]) -> None:
        if one in done or one in above or one not in uses:
            return
        for needed in uses[one]:
            visit(needed, above | {one})
        done[one] = None

    for one in uses if wanted is None else wanted:
        visit(one, frozenset())
    return list(done)
