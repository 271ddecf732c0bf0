"""A rule while a person writes it: the tree as a form's fields and back, half-filled conditions kept and marked.

A form names each node by its path (`rule`, `rule.0`, `rule.0.2`) and each input by path and key (`rule.0:op`). What the editor
cannot show (a moment to the second, two comparisons in one condition) is carried along unchanged as a `raw` node.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import record
from dialogue.platform.criteria.fields import Asking, Entity, Field, entities, known_fields
from dialogue.platform.criteria.leaf_forms import leaf_forms
from dialogue.platform.criteria.operators import COMPARISONS, OPERATORS
from dialogue.platform.criteria.rules import MOST_NODES, Compiler
from dialogue.platform.criteria.values import alike, read_value, write_number, write_value

ROOT = "rule"
GROUP, FIELD, RELATION, LEAF, RAW, BLANK = "group", "field", "relation", "leaf", "raw", ""
JOINS = ("all", "any", "none", "not_all")
BARE = "only"
"""The join of a group that is written as its one condition alone: `{"not": node}` or a rule without a group around it."""
HOWS = ("has", "lacks", "count", "months", "sum", "average")
MEASURES = {"count", "months", "sum", "average"}
BOUNDS = ("at_least", "at_most", "more_than", "less_than", "is", "between")
Node = dict[str, Any]


@record
class Draft:
    """One node as the form holds it: `extra` are its single inputs by key, `values` those of its value."""

    kind: str = BLANK
    name: str = ""
    join: str = "all"
    operator: str = ""
    values: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    parts: list[Draft] = field(default_factory=list)

    @property
    def is_negative(self) -> bool:
        """Whether a group of one is written `{"not": node}`."""
        return self.extra.get("not") == "1"


@record
class Written:
    """A draft as a tree: `problems` says by path what is missing; such conditions are left out of the tree."""

    tree: Any
    problems: dict[str, str] = field(default_factory=dict)


class Drafter:
    """Turns trees over one entity into drafts and back, for one asker."""

    def __init__(self, entity: str, asking: Asking) -> None:
        self.entity = entities.get(entity)
        self.asking = asking
        self._checks = True

    def fields_of(self, entity: Entity) -> dict[str, Field]:
        """Return the entity's fields, looked up once."""
        return known_fields(entity, self.asking)

    def inner(self, entity: Entity, draft: Draft) -> Entity:
        """Return what the nested conditions of a draft are about."""
        if draft.kind == RELATION:
            relation = entity.relations.find(draft.name)
            return entities.get(relation.entity) if relation else entity
        if draft.kind == LEAF:
            form = leaf_forms.find(draft.name)
            return entities.get(form.where) if form and form.where else entity
        return entity

    # From a tree.

    def draft_of(self, tree: Any) -> Draft:
        """Return the tree as a draft whose root is a group."""
        made = self._node(self.entity, tree or {"all": []})
        return made if made.kind == GROUP else Draft(GROUP, join=BARE, parts=[made])

    def _node(self, entity: Entity, tree: Any) -> Draft:
        made = self._guess(entity, tree) if isinstance(tree, Mapping) else None
        if made is not None and self._is_shown(entity, made, tree):
            return made
        return Draft(RAW, extra={"json": json.dumps(tree, ensure_ascii=False, sort_keys=True)})

    def _is_shown(self, entity: Entity, made: Draft, tree: Mapping[str, Any]) -> bool:
        """Whether the form says what the node says; nested nodes have answered for themselves."""
        if made.kind == GROUP:
            inner = tree.get("not")
            return len(tree) == 1 and (made.join not in {"none", "not_all"} or (isinstance(inner, Mapping) and len(inner) == 1))
        # What is written wrongly is shown too, and marked: only the manner counts here.
        self._checks = False
        written = self.write(entity, replace(made, parts=[])).tree
        self._checks = True
        bare = {key: value for key, value in tree.items() if key != "where"}
        if written is None or not isinstance(tree.get("where", []), list):
            return False
        if made.kind == LEAF:
            form = leaf_forms.get(made.name)
            return form.read(written) == form.read(bare) and set(bare) <= {
                made.name,
                "back",
                *(slot.key for slot in form.slots),
            }
        return alike(written, bare)

    def _guess(self, entity: Entity, tree: Mapping[str, Any]) -> Draft | None:
        for join in ("all", "any"):
            if isinstance(tree.get(join), list):
                return Draft(GROUP, join=join, parts=[self._node(entity, part) for part in tree[join]])
        if "not" in tree:
            return self._negation(entity, tree["not"])
        if "field" in tree:
            return self._field(entity, tree)
        if "has" in tree or "lacks" in tree:
            return self._relation(entity, tree)
        name = next((name for name in leaf_forms.keys() if name in tree), None)  # noqa: SIM118
        if name is None:
            return None
        made = Draft(LEAF, name, extra=leaf_forms.get(name).read(tree))
        made.parts = self._where(self.inner(entity, made), tree)
        return made

    def _negation(self, entity: Entity, inner: Any) -> Draft:
        for key, join in (("any", "none"), ("all", "not_all")):
            if isinstance(inner, Mapping) and isinstance(inner.get(key), list):
                return Draft(GROUP, join=join, parts=[self._node(entity, part) for part in inner[key]])
        return Draft(GROUP, join=BARE, extra={"not": "1"}, parts=[self._node(entity, inner)])

    def _where(self, inner: Entity, tree: Mapping[str, Any]) -> list[Draft]:
        parts = tree.get("where", [])
        return [self._node(inner, part) for part in parts] if isinstance(parts, list) else []

    def _field(self, entity: Entity, tree: Mapping[str, Any]) -> Draft | None:
        found = self.fields_of(entity).get(str(tree["field"]))
        asked = [(name, value) for name, value in tree.items() if name != "field"]
        if found is None or not found.filterable or len(asked) != 1 or asked[0][0] not in OPERATORS[found.kind]:
            return None
        operator, values, extra = read_value(found, *asked[0])
        return Draft(FIELD, found.name, operator=operator, values=values, extra=extra)

    def _relation(self, entity: Entity, tree: Mapping[str, Any]) -> Draft:
        word = "has" if "has" in tree else "lacks"
        made = Draft(RELATION, str(tree[word]), operator=word)
        made.parts = self._where(self.inner(entity, made), tree)
        bounds = {name: str(tree[name]) for name in COMPARISONS if name in tree}
        if word == "has" and bounds:
            made.operator = next((name for name in ("sum", "average", "months") if name in tree), "count")
            made.extra = {"of": str(tree.get(made.operator, ""))} if made.operator != "count" else {}
            if set(bounds) == {"at_least", "at_most"}:
                made.extra["bound"], made.values = "between", [bounds["at_least"], bounds["at_most"]]
            elif len(bounds) == 1:
                (made.extra["bound"], number), = bounds.items()  # fmt: skip
                made.values = [number]
        return made

    # To a tree.

    def tree_of(self, draft: Draft) -> Written:
        """Return the tree of a draft, without what is not complete yet, and what is missing by path."""
        written = self.write(self.entity, draft, ROOT)
        return written if written.tree is not None else Written({"all": []}, written.problems)

    def write(self, entity: Entity, draft: Draft, path: str = ROOT) -> Written:
        """Return one node as a tree, None for one that cannot be written yet."""
        return {GROUP: self._write_group, FIELD: self._write_field, RELATION: self._write_relation, LEAF: self._write_leaf}.get(
            draft.kind, self._write_other
        )(entity, draft, path)

    def _write_parts(self, entity: Entity, draft: Draft, path: str) -> tuple[list[Any], dict[str, str]]:
        trees: list[Any] = []
        problems: dict[str, str] = {}
        for number, part in enumerate(draft.parts):
            written = self.write(entity, part, f"{path}.{number}")
            problems |= written.problems
            if written.tree is not None:
                trees.append(written.tree)
        return trees, problems

    def _write_group(self, entity: Entity, draft: Draft, path: str) -> Written:
        trees, problems = self._write_parts(entity, draft, path)
        if draft.parts and not trees:
            return Written(None, problems)
        if draft.join == BARE and len(draft.parts) == 1:
            return Written({"not": trees[0]} if draft.is_negative else trees[0], problems)
        join = ("none" if draft.is_negative else "all") if draft.join == BARE else draft.join
        tree = {
            "all": {"all": trees},
            "any": {"any": trees},
            "none": {"not": {"any": trees}},
            "not_all": {"not": {"all": trees}},
        }[join]
        return Written(tree, problems)

    def _write_field(self, entity: Entity, draft: Draft, path: str) -> Written:
        found = self.fields_of(entity).get(draft.name)
        if found is None or not found.filterable:
            return Written(None, {path: _("Choose what to ask: this field is no longer there.")})
        try:
            tree = {"field": found.name, **write_value(found, draft.operator, draft.values, draft.extra)}
        except ValueError as missing:
            return Written(None, {path: str(missing)})
        return self._checked(entity, tree, path)

    def _checked(self, entity: Entity, tree: Node, path: str) -> Written:
        """Ask the compiler about one condition: what it refuses is marked where it stands."""
        try:
            if self._checks:
                Compiler(entity, self.asking, fields=self.fields_of(entity)).compile(tree, path)
        except Refusal as refusal:
            return Written(None, {path: str(refusal.message)})
        return Written(tree)

    def _write_relation(self, entity: Entity, draft: Draft, path: str) -> Written:
        if entity.relations.find(draft.name) is None:
            return Written(None, {path: _("Choose what to ask: this is no longer there.")})
        inner = self.inner(entity, draft)
        trees, problems = self._write_parts(inner, draft, path)
        word = "lacks" if draft.operator == "lacks" else "has"
        tree: Node = {word: draft.name} | ({"where": trees} if trees else {})
        if draft.operator not in MEASURES:
            return Written(tree, problems)
        measured: Any = True
        if draft.operator != "count":
            measured = draft.extra.get("of", "")
            if measured not in self.fields_of(inner):
                asked = _("Choose which date.") if draft.operator == "months" else _("Choose which number to add up.")
                return Written(None, problems | {path: asked})
        try:
            bounds = self._bounds(draft)
        except ValueError as missing:
            return Written(None, problems | {path: str(missing)})
        checked = self._checked(entity, {word: draft.name, draft.operator: measured, **bounds}, path)
        if checked.tree is None:
            return Written(None, problems | checked.problems)
        return Written(tree | {draft.operator: measured, **bounds}, problems)

    @staticmethod
    def _bounds(draft: Draft) -> Node:
        bound = draft.extra.get("bound", "at_least")
        numbers = [write_number(one) for one in draft.values[: 2 if bound == "between" else 1] if one.strip()]
        if len(numbers) < (2 if bound == "between" else 1):
            raise ValueError(_("Say how much, for example 3."))
        if bound == "between":
            return {"at_least": numbers[0], "at_most": numbers[1]}
        return {bound if bound in COMPARISONS else "at_least": numbers[0]}

    def _write_leaf(self, entity: Entity, draft: Draft, path: str) -> Written:
        form = leaf_forms.find(draft.name)
        if form is None or form.entity != entity.name:
            return Written(None, {path: _("Choose what to ask: this is no longer there.")})
        trees, problems = self._write_parts(self.inner(entity, draft), draft, path)
        for slot in form.slots:
            if not draft.extra.get(slot.key):
                return Written(None, problems | {path: _("Choose: %(what)s.") % {"what": slot.label}})
        tree = form.write({slot.key: draft.extra[slot.key] for slot in form.slots})
        checked = self._checked(entity, tree, path)
        if checked.tree is None:
            return Written(None, problems | checked.problems)
        return Written(tree | ({"where": trees} if trees else {}), problems)

    def _write_other(self, entity: Entity, draft: Draft, path: str) -> Written:
        if draft.kind == RAW:
            try:
                return self._checked(entity, json.loads(draft.extra.get("json", "")), path)
            except ValueError:
                return Written(None, {path: _("This condition cannot be read: take it out.")})
        return Written(None, {path: _("Choose what to ask, or take the condition out.")})


# From a form and to one.


def draft_from(given: QueryDict) -> Draft:
    """Return the draft a form holds; what it lacks is empty, what goes beyond a rule's bounds is left out."""
    return _draft_at(given, ROOT, [MOST_NODES])


def _draft_at(given: QueryDict, path: str, left: list[int]) -> Draft:
    kind, _dot, name = str(given.get(f"{path}:what", GROUP if path == ROOT else "")).partition("=")
    made = Draft(kind if kind in {GROUP, FIELD, RELATION, LEAF, RAW} else BLANK, name)
    if path == ROOT:
        made.kind, made.name = GROUP, ""
    join = str(given.get(f"{path}:join", "all"))
    if made.kind == GROUP and join in {*JOINS, BARE}:
        made.join = join
    made.operator = str(given.get(f"{path}:op", ""))
    made.values = [str(one) for one in given.getlist(f"{path}:v")]
    for key in _keys(made):
        value = given.get(f"{path}:{key}", "")
        if value:
            made.extra[key] = str(value)
    count = str(given.get(f"{path}:n", "0"))
    for number in range(int(count) if count.isdecimal() and len(count) < 4 else 0):
        if not left[0]:
            break
        left[0] -= 1
        made.parts.append(_draft_at(given, f"{path}.{number}", left))
    return made


def _keys(draft: Draft) -> list[str]:
    if draft.kind == LEAF:
        form = leaf_forms.find(draft.name)
        return [slot.key for slot in form.slots] if form else []
    return {GROUP: ["not"], FIELD: ["unit", "currency"], RELATION: ["of", "bound"], RAW: ["json"]}.get(draft.kind, [])


def form_of(draft: Draft, path: str = ROOT) -> list[tuple[str, str]]:
    """Return the form's (name, value) pairs of a draft: what the editor's inputs hold."""
    pairs = [(f"{path}:what", f"{draft.kind}={draft.name}" if draft.name else draft.kind), (f"{path}:n", str(len(draft.parts)))]
    if draft.kind == GROUP:
        pairs.append((f"{path}:join", draft.join))
    if draft.operator:
        pairs.append((f"{path}:op", draft.operator))
    pairs += [(f"{path}:v", value) for value in draft.values]
    pairs += [(f"{path}:{key}", draft.extra[key]) for key in _keys(draft) if draft.extra.get(key)]
    for number, part in enumerate(draft.parts):
        pairs += form_of(part, f"{path}.{number}")
    return pairs


def settled(entity: str, tree: Any, asking: Asking) -> Any:
    """Return the tree as the editor writes it: the same rule with its numbers and marks in one manner."""
    drafter = Drafter(entity, asking)
    return drafter.tree_of(drafter.draft_of(tree)).tree
