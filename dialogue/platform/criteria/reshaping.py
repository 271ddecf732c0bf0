"""What the editor's buttons do to a draft: add, remove, wrap in a group, unwrap, move."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dialogue.kit.frozen import record
from dialogue.platform.criteria.drafting import BARE, BLANK, GROUP, LEAF, RELATION, ROOT, Draft

DEEPEST_GROUP = 8
"""How deep the editor lets a person nest; deeper rules that came from elsewhere are shown all the same."""


@record
class Reshaped:
    """A changed draft: `focus` is the input's name that a person goes on from, `said` what a screen reader says.

    `before` is the form as it was, where something was taken out that may be put back.
    """

    draft: Draft
    focus: str = ""
    said: str = ""
    before: str = ""


def reshape(draft: Draft, order: str) -> Reshaped:
    """Return the draft after an order such as "add rule.1", "up rule.0.2", "wrap rule.3"; an unknown one changes nothing."""
    verb, _space, path = order.partition(" ")
    place = _place(draft, path)
    if place is None or verb not in VERBS:
        return Reshaped(draft)
    return VERBS[verb](draft, place)


def node_at(draft: Draft, path: str) -> Draft | None:
    """Return the node at a path, None where there is none."""
    place = _place(draft, path)
    return _node(draft, place) if place is not None else None


Place = tuple[int, ...]


def _place(draft: Draft, path: str) -> Place | None:
    head, *steps = path.split(".")
    if head != ROOT or not all(step.isdecimal() and len(step) < 4 for step in steps):
        return None
    place = tuple(int(step) for step in steps)
    at = draft
    for number in place:
        if number >= len(at.parts):
            return None
        at = at.parts[number]
    return place


def _node(draft: Draft, place: Place) -> Draft:
    for number in place:
        draft = draft.parts[number]
    return draft


def path_of(place: Place) -> str:
    """Return the path of a place."""
    return ".".join([ROOT, *map(str, place)])


def _may_nest(draft: Draft) -> bool:
    return draft.kind in {GROUP, RELATION, LEAF}


def _grown(group: Draft) -> None:
    # A group of one that was written bare becomes an ordinary group.
    if group.kind == GROUP and group.join == BARE:
        group.join = "none" if group.is_negative else "all"
        group.extra.pop("not", None)


def _add(draft: Draft, place: Place, made: Draft) -> Reshaped:
    group = _node(draft, place)
    if not _may_nest(group):
        return Reshaped(draft)
    if group.parts:
        _grown(group)
    group.parts.append(made)
    here = (*place, len(group.parts) - 1)
    if made.kind == GROUP:
        return Reshaped(draft, f"{path_of((*here, 0))}:what", _("Group added."))
    return Reshaped(draft, f"{path_of(here)}:what", _("Condition added."))


def _add_condition(draft: Draft, place: Place) -> Reshaped:
    return _add(draft, place, Draft(BLANK))


def _add_group(draft: Draft, place: Place) -> Reshaped:
    join = "all" if _node(draft, place).join == "any" else "any"
    if len(place) >= DEEPEST_GROUP:
        return Reshaped(draft, said=_("Groups cannot nest deeper: make a segment of the inner one."))
    return _add(draft, place, Draft(GROUP, join=join, parts=[Draft(BLANK)]))


def _remove(draft: Draft, place: Place) -> Reshaped:
    if not place:
        return Reshaped(draft)
    *outer, number = place
    parts = _node(draft, tuple(outer)).parts
    said = _("Group taken out.") if parts[number].kind == GROUP else _("Condition taken out.")
    del parts[number]
    if parts:
        beside = (*outer, min(number, len(parts) - 1))
        key = "join" if _node(draft, beside).kind == GROUP else "what"
        return Reshaped(draft, f"{path_of(beside)}:{key}", said)
    return Reshaped(draft, f"{path_of(tuple(outer))}:add", said)


def _wrap(draft: Draft, place: Place) -> Reshaped:
    if not place:
        return Reshaped(draft)
    if len(place) >= DEEPEST_GROUP:
        return Reshaped(draft, said=_("Groups cannot nest deeper: make a segment of the inner one."))
    *outer, number = place
    group = _node(draft, tuple(outer))
    join = "all" if group.kind == GROUP and group.join == "any" else "any"
    group.parts[number] = Draft(GROUP, join=join, parts=[group.parts[number]])
    return Reshaped(draft, f"{path_of(place)}:join", _("Put into a group of its own."))


def _unwrap(draft: Draft, place: Place) -> Reshaped:
    """Put a group's conditions into the place of the group."""
    if not place or _node(draft, place).kind != GROUP:
        return Reshaped(draft)
    *outer, number = place
    above = _node(draft, tuple(outer))
    inner = above.parts[number].parts
    if len(inner) != 1:
        _grown(above)
    above.parts[number : number + 1] = inner
    key = f"{path_of(place)}:what" if inner else f"{path_of(tuple(outer))}:add"
    return Reshaped(draft, key, _("Group dissolved."))


def _up(draft: Draft, place: Place) -> Reshaped:
    return _move(draft, place, -1)


def _down(draft: Draft, place: Place) -> Reshaped:
    return _move(draft, place, 1)


def _move(draft: Draft, place: Place, step: int) -> Reshaped:
    """Move a node by one place: into the group beside it, or at an end out of its own."""
    if not place:
        return Reshaped(draft)
    *outer, number = place
    above = _node(draft, tuple(outer))
    target = number + step
    if 0 <= target < len(above.parts):
        moved = above.parts.pop(number)
        beside = above.parts[number - 1 if step < 0 else number]
        if beside.kind == GROUP and moved.kind != GROUP:
            _grown(beside)
            beside.parts.insert(len(beside.parts) if step < 0 else 0, moved)
            at = number - 1 if step < 0 else number
            here: Place = (*outer, at, len(beside.parts) - 1 if step < 0 else 0)
        else:
            above.parts.insert(target, moved)
            here = (*outer, target)
    elif outer and above.kind == GROUP and _node(draft, tuple(outer[:-1])).kind == GROUP:
        # Nested conditions speak of other records: they stay inside their own.
        moved = above.parts.pop(number)
        around = _node(draft, tuple(outer[:-1]))
        _grown(around)
        at = outer[-1] if step < 0 else outer[-1] + 1
        around.parts.insert(at, moved)
        here = (*outer[:-1], at)
        if not above.parts:
            around.parts.remove(above)
            here = (*outer[:-1], outer[-1])
    else:
        return Reshaped(draft, f"{path_of(place)}:{'up' if step < 0 else 'down'}", _("It stands at the end already."))
    said = _("Moved up.") if step < 0 else _("Moved down.")
    return Reshaped(draft, f"{path_of(here)}:{'up' if step < 0 else 'down'}", said)


VERBS = {
    "add": _add_condition,
    "group": _add_group,
    "remove": _remove,
    "wrap": _wrap,
    "unwrap": _unwrap,
    "up": _up,
    "down": _down,
}
