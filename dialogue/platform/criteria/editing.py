"""The rule editor as a page shows it: every node with its inputs, words and what is still missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dialogue.kit.frozen import record
from dialogue.platform.criteria.drafting import (
    BARE,
    BLANK,
    BOUNDS,
    FIELD,
    GROUP,
    HOWS,
    JOINS,
    LEAF,
    MEASURES,
    RAW,
    RELATION,
    ROOT,
    Draft,
    Drafter,
    Written,
)
from dialogue.platform.criteria.fields import Asking, Choices, Entity, Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.leaf_forms import leaf_forms
from dialogue.platform.criteria.operators import PERIODS
from dialogue.platform.criteria.reshaping import DEEPEST_GROUP, Reshaped
from dialogue.platform.criteria.sentences import Speaker
from dialogue.platform.criteria.values import FILLED, SPANS, UNITS, operators_of
from dialogue.platform.criteria.words import (
    JOIN_WORDS,
    ME_WORDS,
    MEASURE_WORDS,
    OPERATOR_WORDS,
    PERIOD_WORDS,
    UNIT_WORDS,
    Words,
)

LISTED = {FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.USER}
DATED = {FieldKind.DATE, FieldKind.MOMENT}
NUMERIC = {FieldKind.NUMBER, FieldKind.MONEY}
MOST_CHOICES = 300
USUAL = {
    **dict.fromkeys(LISTED, "in"),
    **dict.fromkeys(DATED, "within"),
    **dict.fromkeys(NUMERIC, "at_least"),
    FieldKind.LONG_TEXT: "contains",
}


@record
class Input:
    """One input of a condition; `shape` chooses its markup, `options` is its ready HTML."""

    name: str
    label: str
    shape: str
    value: str = ""
    second: bool = False
    options: SafeString | str = ""
    boxes: list[tuple[str, str, bool]] = field(default_factory=list)
    reshapes: bool = False

    @property
    def id(self) -> str:
        """The input's id: its name, the second of a pair marked."""
        return f"{self.name}2" if self.second else self.name


@record
class Shown:
    """One node as the template shows it."""

    path: str
    kind: str
    number: str
    what: str
    whats: SafeString | str = ""
    joins: SafeString | str = ""
    joined: str = ""
    inputs: list[Input] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    parts: list[Shown] = field(default_factory=list)
    problem: str = ""
    sentence: str = ""
    nests: bool = False
    may_group: bool = False
    first: bool = False
    last: bool = False

    @property
    def is_root(self) -> bool:
        """Whether it is the whole rule."""
        return self.path == ROOT


def fit(drafter: Drafter, draft: Draft, given: Any = None, path: str = ROOT, entity: Entity | None = None) -> None:
    """Bring what a person has just chosen into order: another field takes its usual operator and forgets the old value."""
    entity = entity or drafter.entity
    what = _what(draft)
    if given is not None and str(given.get(f"{path}:was", what)) != what:
        draft.operator, draft.values = "", []
        draft.extra = {}
        draft.parts = []
    if draft.kind == FIELD:
        found = drafter.fields_of(entity).get(draft.name)
        if found is not None and draft.operator not in operators_of(found):
            draft.operator = USUAL.get(found.kind, "is")
        if found is not None and found.kind == FieldKind.YES_NO and not draft.values:
            draft.values = ["yes"]
        if draft.operator == "period" and not draft.values:
            draft.values = ["this_month"]
    elif draft.kind == RELATION and draft.operator not in HOWS:
        draft.operator = "has"
    elif draft.kind == LEAF:
        form = leaf_forms.find(draft.name)
        for slot in form.slots if form else ():
            if slot.usual:
                draft.extra.setdefault(slot.key, slot.usual)
    inner = drafter.inner(entity, draft)
    for number, part in enumerate(draft.parts):
        fit(drafter, part, given, f"{path}.{number}", inner)


def editor_of(
    entity: str, draft: Draft, asking: Asking, *, strict: bool = False, after: Reshaped | None = None
) -> dict[str, Any]:
    """Return what `criteria/rule.html` shows; `strict` marks what is missing as wrong, `after` is what was just done."""
    drafter = Drafter(entity, asking)
    written = drafter.tree_of(draft)
    return {
        "rule": Editor(drafter, written).shown(drafter.entity, draft, ROOT, "", only=True),
        "rule_url": reverse("rule_editor", args=[entity]),
        "rule_plural": capfirst(str(drafter.entity.plural)),
        "rule_strict": strict,
        "rule_focus": after.focus if after else "",
        "rule_said": after.said if after else "",
        "rule_before": after.before if after else "",
    }


def _what(draft: Draft) -> str:
    return f"{draft.kind}={draft.name}" if draft.name else draft.kind


def options_html(pairs: Iterable[tuple[str, Words]], chosen: str) -> SafeString:
    """Return options of a select."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, " selected" if value == chosen else "", words) for value, words in pairs),
    )


@record
class Editor:
    """Makes the nodes of one editor; menus of an entity are made once."""

    drafter: Drafter
    written: Written
    _menus: dict[str, list[tuple[str, list[tuple[str, str]]]]] = field(default_factory=dict)
    _choices: dict[tuple[str, str], Choices] = field(default_factory=dict)

    @property
    def asking(self) -> Asking:
        """Who looks."""
        return self.drafter.asking

    def shown(self, entity: Entity, draft: Draft, path: str, number: str, *, only: bool = False, last: bool = True) -> Shown:
        """Return a node with all below it."""
        made = Shown(path, draft.kind, number, _what(draft), problem=self.written.problems.get(path, ""), last=last)
        made.first = path.endswith(".0") or only
        if draft.kind == GROUP:
            self._group(made, draft)
        else:
            made.whats = self._whats(entity, draft)
        if draft.kind == FIELD:
            made.inputs = self._field(entity, draft, path)
        elif draft.kind == RELATION:
            made.inputs = self._relation(entity, draft, path)
        elif draft.kind == LEAF:
            made.inputs = self._leaf(draft, path)
        elif draft.kind == RAW:
            self._raw(made, entity, draft)
        inner = self.drafter.inner(entity, draft)
        form = leaf_forms.find(draft.name) if draft.kind == LEAF else None
        made.nests = draft.kind in {GROUP, RELATION} or bool(form and form.where)
        made.may_group = made.nests and path.count(".") < DEEPEST_GROUP
        begin = f"{number}." if number else ""
        for place, part in enumerate(draft.parts):
            made.parts.append(
                self.shown(inner, part, f"{path}.{place}", f"{begin}{place + 1}", last=place == len(draft.parts) - 1)
            )
        return made

    @staticmethod
    def _group(made: Shown, draft: Draft) -> None:
        join = ("none" if draft.is_negative else "all") if draft.join == BARE else draft.join
        bare = [(BARE, JOIN_WORDS[join])] if draft.join == BARE else []
        made.joins = options_html(
            bare + [(name, JOIN_WORDS[name]) for name in JOINS if not (bare and name == join)], draft.join
        )
        word = pgettext("joins conditions", "and") if join in {"all", "not_all"} else pgettext("joins conditions", "or")
        made.joined = word
        if draft.is_negative:
            made.hidden.append((f"{made.path}:not", "1"))

    def _whats(self, entity: Entity, draft: Draft) -> SafeString:
        chosen, found = _what(draft), False
        html = [format_html('<option value="">{}</option>', _("choose…"))]
        for label, pairs in self._menu(entity):
            found = found or any(value == chosen for value, _words in pairs)
            html.append(format_html('<optgroup label="{}">{}</optgroup>', label, options_html(pairs, chosen)))
        if not found and draft.kind != BLANK:
            known = self.drafter.fields_of(entity).get(draft.name)
            words = (
                known.label
                if known
                else _("as written")
                if draft.kind == RAW
                else _("“%(text)s” is gone") % {"text": draft.name}
            )
            html.append(options_html([(chosen, capfirst(str(words)))], chosen))
        return SafeString("".join(html))

    def _menu(self, entity: Entity) -> list[tuple[str, list[tuple[str, str]]]]:
        if entity.name not in self._menus:
            known = [one for one in self.drafter.fields_of(entity).values() if one.filterable and one.shown]
            parts: list[tuple[str, list[tuple[str, str]]]] = [
                (
                    _("What is known"),
                    _sorted((f"{FIELD}={one.name}", one.label) for one in known if one.characteristic is None),
                ),
                (_("Own fields"), _sorted((f"{FIELD}={one.name}", one.label) for one in known if one.characteristic)),
                (
                    _("What happened and belongs"),
                    _sorted((f"{RELATION}={name}", entity.relations.get(name).label) for name in entity.relations.keys()),  # noqa: SIM118
                ),
                (
                    _("Consents, relations, segments"),
                    _sorted((f"{LEAF}={name}", form.label) for name, form in _forms() if form.entity == entity.name),
                ),
            ]
            self._menus[entity.name] = [(label, pairs) for label, pairs in parts if pairs]
        return self._menus[entity.name]

    def _field(self, entity: Entity, draft: Draft, path: str) -> list[Input]:
        found = self.drafter.fields_of(entity).get(draft.name)
        if found is None:
            return []
        offered = [(name, _operator_words(found, name)) for name in operators_of(found)]
        label = _("%(field)s: how it is compared") % {"field": found.label}
        chosen = Input(f"{path}:op", label, "select", options=options_html(offered, draft.operator), reshapes=True)
        return [chosen, *self._value(entity, found, draft, path)]

    def _value(self, entity: Entity, found: Field, draft: Draft, path: str) -> list[Input]:
        operator, label = draft.operator, capfirst(str(found.label))
        value = draft.values[0] if draft.values else ""
        name = f"{path}:v"
        if operator in {"empty", FILLED}:
            return []
        if found.kind == FieldKind.YES_NO:
            return [Input(name, label, "select", options=options_html([("yes", _("yes")), ("no", _("no"))], value))]
        if operator in SPANS:
            units = options_html([(unit, UNIT_WORDS[unit]) for unit in UNITS], draft.extra.get("unit", "d"))
            count = Input(name, _("%(field)s: how many") % {"field": label}, "count", value)
            return [count, Input(f"{path}:unit", _("%(field)s: of what") % {"field": label}, "select", options=units)]
        if operator == "period":
            return [Input(name, label, "select", options=options_html([(one, PERIOD_WORDS[one]) for one in PERIODS], value))]
        if operator == "between":
            shape = "date" if found.kind in DATED else "number"
            second = draft.values[1] if len(draft.values) > 1 else ""
            low, high = _("%(field)s: from") % {"field": label}, _("%(field)s: to") % {"field": label}
            return [Input(name, low, shape, value), Input(name, high, shape, second, second=True)]
        if found.kind in LISTED:
            return [self._chosen(entity, found, draft, name, label)]
        if operator in {"in", "not_in"}:
            return [Input(name, _("%(field)s: one a line") % {"field": label}, "lines", "\n".join(draft.values))]
        shape = "date" if found.kind in DATED else "number" if found.kind in {*NUMERIC, FieldKind.LINK} else "text"
        offered = options_html(found.offers(), "") if found.offers else ""
        made = [Input(name, label, shape, value, options=offered)]
        if draft.extra.get("currency"):
            made.append(Input(f"{path}:currency", _("Currency"), "code", draft.extra["currency"]))
        return made

    def _chosen(self, entity: Entity, found: Field, draft: Draft, name: str, label: str) -> Input:
        key = (entity.name, found.name)
        if key not in self._choices:
            self._choices[key] = [(str(code), str(words)) for code, words in found.choices_for(self.asking)[:MOST_CHOICES]]
        known = {code for code, _words in self._choices[key]}
        extra = [(one, str(ME_WORDS) if one == "me" else one) for one in draft.values if one and one not in known]
        offered = [*self._choices[key], *extra]
        if draft.operator in {"in", "not_in"}:
            return Input(name, label, "boxes", boxes=[(code, words, code in draft.values) for code, words in offered])
        value = draft.values[0] if draft.values else ""
        return Input(name, label, "select", options=options_html([("", _("choose…")), *offered], value))

    def _relation(self, entity: Entity, draft: Draft, path: str) -> list[Input]:
        relation = entity.relations.find(draft.name)
        if relation is None:
            return []
        inner = self.drafter.inner(entity, draft)
        label = capfirst(str(relation.label))
        plain = [one for one in self.drafter.fields_of(inner).values() if not one.links and one.compare is None]
        numeric = [(one.name, one.label) for one in plain if one.kind in NUMERIC]
        dated = [(one.name, one.label) for one in plain if one.kind in DATED]
        measured = {"sum": numeric, "average": numeric, "months": dated}
        hows = [(name, MEASURE_WORDS[name]) for name in HOWS if measured.get(name, True)]
        inputs = [Input(f"{path}:op", _("%(field)s: how it is asked") % {"field": label}, "select", reshapes=True)]
        inputs[0].options = options_html(hows, draft.operator)
        if draft.operator not in MEASURES:
            return inputs
        if draft.operator != "count":
            known = measured[draft.operator]
            given = draft.extra.get("of", "")
            chosen = given if any(given == name for name, _label in known) else known[0][0] if len(known) == 1 else ""
            offered = known if len(known) == 1 else [("", _("choose…")), *known]
            asked = _("%(field)s: which date") if draft.operator == "months" else _("%(field)s: which number")
            words = asked % {"field": label}
            inputs.append(Input(f"{path}:of", words, "select", options=options_html(offered, chosen)))
        bound = draft.extra.get("bound", "at_least")
        exactly: dict[str, Words] = {"is": pgettext("of a number", "exactly")}
        bounds = [(name, exactly.get(name, OPERATOR_WORDS[name])) for name in BOUNDS]
        compared = _("%(field)s: how it is compared") % {"field": label}
        inputs.append(Input(f"{path}:bound", compared, "select", options=options_html(bounds, bound), reshapes=True))
        values = [*draft.values, "", ""]
        names = [_("%(field)s: from"), _("%(field)s: to")] if bound == "between" else [_("%(field)s: how much")]
        for place, text in enumerate(names):
            inputs.append(Input(f"{path}:v", text % {"field": label}, "number", values[place], second=place == 1))
        return inputs

    def _leaf(self, draft: Draft, path: str) -> list[Input]:
        form = leaf_forms.find(draft.name)
        inputs = []
        for slot in form.slots if form else ():
            key = (draft.name, slot.key)
            if key not in self._choices:
                self._choices[key] = [(str(code), str(words)) for code, words in slot.choices(self.asking)]
            chosen = draft.extra.get(slot.key, "")
            offered: list[tuple[str, str]] = [] if slot.usual else [("", _("choose…"))]
            offered += self._choices[key]
            if chosen and all(code != chosen for code, _words in offered):
                offered.append((chosen, _("“%(text)s” is gone") % {"text": chosen}))
            label = capfirst(str(slot.label))
            inputs.append(Input(f"{path}:{slot.key}", label, "select", options=options_html(offered, chosen)))
        return inputs

    def _raw(self, made: Shown, entity: Entity, draft: Draft) -> None:
        made.hidden.append((f"{made.path}:json", draft.extra.get("json", "")))
        tree = self.drafter.write(entity, draft, made.path).tree
        made.sentence = capfirst(Speaker(self.asking).clause(entity, tree)) if tree is not None else draft.extra.get("json", "")


def _forms() -> Sequence[tuple[str, Any]]:
    return [(name, leaf_forms.get(name)) for name in leaf_forms.keys()]  # noqa: SIM118  a registry iterates its items


def _sorted(pairs: Iterable[tuple[str, Words]]) -> list[tuple[str, str]]:
    return [(value, capfirst(str(words))) for value, words in pairs]


def _operator_words(found: Field, operator: str) -> Words:
    if operator == FILLED:
        return _("is filled in")
    if found.kind == FieldKind.CHOICES and operator in {"is", "in", "not_in"}:
        return {"is": _("include"), "in": _("include one of"), "not_in": _("include none of")}[operator]
    if found.kind in DATED and operator == "is":
        return pgettext("of a date", "on the day")
    if operator == "period":
        return _("in the period:")
    return OPERATOR_WORDS[operator]
