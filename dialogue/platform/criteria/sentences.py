"""A rule read back as a sentence in the reader's language.

Built of whole patterns around labels, never of inflected labels, so that a company's own fields read right in every language.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from dialogue.kit.frozen import record
from dialogue.kit.money import print_money
from dialogue.platform.criteria.fields import Asking, Entity, Field, entities, known_fields
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.leaf_forms import LeafForm, leaf_forms
from dialogue.platform.criteria.operators import COMPARISONS, truth
from dialogue.platform.criteria.rules import AGGREGATES
from dialogue.platform.criteria.words import ME_WORDS, OPERATOR_WORDS, PERIOD_WORDS

MOST_VALUES = 8
LISTED = {FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.USER}
DATED = {FieldKind.DATE, FieldKind.MOMENT}


def sentence_of(entity: str, tree: Any, asking: Asking) -> str:
    """Return the rule as a sentence in the active language; what the company knows no longer is named by its code."""
    return Speaker(asking).sentence(entities.get(entity), tree)


@record
class Speaker:
    """Reads rules aloud for one asker; fields and the words of choices are looked up once, for all rules of his page."""

    asking: Asking

    @property
    def _words(self) -> dict[tuple[str, str], dict[str, str]]:
        found: dict[tuple[str, str], dict[str, str]] = self.asking.kept.setdefault(("words", get_language()), {})
        return found

    def sentence(self, entity: Entity, tree: Any) -> str:
        """Return the whole rule as one sentence with its subject."""
        while isinstance(tree, Mapping) and set(tree) <= {"all", "any"} and len(_parts(tree)) == 1:
            tree = _parts(tree)[0]
        pattern, parts = self._head(tree)
        said = "; ".join(self.clause(entity, part) for part in parts)
        text = capfirst(pattern % {"plural": entity.plural, "parts": said})
        return text if text.endswith(".") else f"{text}."

    @staticmethod
    def _head(tree: Any) -> tuple[str, Sequence[Any]]:
        inner = tree.get("not") if isinstance(tree, Mapping) else None
        if isinstance(inner, Mapping) and isinstance(inner.get("any"), list) and inner["any"]:
            return _("%(plural)s that meet none of the conditions: %(parts)s"), inner["any"]
        if isinstance(inner, Mapping):
            return _("%(plural)s that do not meet the condition: %(parts)s"), [inner]
        if isinstance(tree, Mapping) and isinstance(tree.get("all"), list):
            if not tree["all"]:
                return _("all %(plural)s"), []
            return _("%(plural)s that meet all conditions: %(parts)s"), tree["all"]
        if isinstance(tree, Mapping) and isinstance(tree.get("any"), list):
            if not tree["any"]:
                return _("no %(plural)s: “at least one” of no conditions"), []
            return _("%(plural)s that meet at least one condition: %(parts)s"), tree["any"]
        return _("%(plural)s that meet the condition: %(parts)s"), [tree]

    def clause(self, entity: Entity, tree: Any) -> str:
        """Return one node as a clause without a subject."""
        if not isinstance(tree, Mapping):
            return quoted(json.dumps(tree, ensure_ascii=False))
        if "all" in tree or "any" in tree:
            return self._group(entity, tree)
        if "not" in tree:
            return self._negation(entity, tree["not"])
        if "field" in tree:
            return self._field(entity, tree)
        if "has" in tree or "lacks" in tree:
            return self._relation(entity, tree)
        for name in leaf_forms.keys():  # noqa: SIM118  a registry iterates its items
            if name in tree:
                return self._leaf(leaf_forms.get(name), tree)
        return quoted(json.dumps(tree, ensure_ascii=False))

    def _group(self, entity: Entity, tree: Mapping[str, Any]) -> str:
        parts = [self.clause(entity, part) for part in _parts(tree)]
        if not parts:
            return _("(always true)") if "all" in tree else _("(never true)")
        if len(parts) == 1:
            return parts[0]
        word = pgettext("joins conditions", "and") if "all" in tree else pgettext("joins conditions", "or")
        return f"({f' {word} '.join(parts)})"

    def _negation(self, entity: Entity, inner: Any) -> str:
        if isinstance(inner, Mapping) and isinstance(inner.get("any"), list) and len(inner["any"]) > 1:
            return _("none of this: (%(parts)s)") % {"parts": "; ".join(self.clause(entity, one) for one in inner["any"])}
        said = self.clause(entity, inner)
        return _("it is not true that %(clause)s") % {"clause": said if said.startswith("(") else f"({said})"}

    def _field(self, entity: Entity, tree: Mapping[str, Any]) -> str:
        name = str(tree["field"])
        found = known_fields(entity, self.asking).get(name) or Field(name, quoted(name), FieldKind.TEXT, "")
        asked = [(operator, value) for operator, value in tree.items() if operator != "field"]
        word = pgettext("joins conditions", "and")
        return f" {word} ".join(self._one(entity, found, operator, value) for operator, value in asked) or str(found.label)

    def _one(self, entity: Entity, found: Field, operator: str, value: Any) -> str:
        label = str(found.label)
        if operator == "empty":
            pattern = _("“%(field)s” is not filled in") if _is_true(value) else _("“%(field)s” is filled in")
            return pattern % {"field": label}
        if found.kind == FieldKind.YES_NO:
            return _("%(field)s: %(value)s") % {"field": label, "value": _("yes") if _is_true(value) else _("no")}
        if found.kind in DATED:
            return _("%(field)s: %(value)s") % {"field": label, "value": self._when(operator, value)}
        values = value if isinstance(value, (list, tuple)) else [value]
        words = [self._value(entity, found, one) for one in values]
        if operator == "between" and len(words) == 2:
            return _("%(field)s is from %(low)s to %(high)s") % {"field": label, "low": words[0], "high": words[1]}
        return _patterns(found.kind)(operator) % {"field": label, "value": listed(words, either=operator != "not_in")}

    def _value(self, entity: Entity, found: Field, value: Any) -> str:
        if found.kind in LISTED:
            if value == "me":
                return str(ME_WORDS)
            key = (entity.name, found.name)
            if key not in self._words:
                self._words[key] = {str(code): str(words) for code, words in found.choices_for(self.asking)}
            return self._words[key].get(str(value)) or quoted(str(value))
        if found.kind in {FieldKind.NUMBER, FieldKind.MONEY}:
            return printed_number(value)
        return str(value) if found.kind == FieldKind.LINK else quoted(str(value))

    def _when(self, operator: str, value: Any) -> str:
        if operator == "period":
            return str(PERIOD_WORDS.get(str(value), value))
        if operator in SPANS:
            count, unit = str(value)[:-1], str(value)[-1:]
            return SPANS[operator](int(count), unit) if count.isdecimal() else quoted(str(value))
        if operator == "between" and isinstance(value, (list, tuple)) and len(value) == 2:
            return _("from %(low)s to %(high)s") % {"low": printed_day(value[0]), "high": printed_day(value[1])}
        pattern = {
            "before": _("before %(day)s"),
            "after": _("after %(day)s"),
            "since": _("from %(day)s on"),
            "until": _("until %(day)s inclusive"),
        }.get(operator, "%(day)s")
        return pattern % {"day": printed_day(value)}

    def _where(self, entity: Entity, tree: Mapping[str, Any]) -> str:
        """Return nested rules in brackets with a space before them, or nothing."""
        parts = tree.get("where")
        if not isinstance(parts, list) or not parts:
            return ""
        said = "; ".join(self.clause(entity, part) for part in parts)
        return f" {said}" if len(parts) == 1 and said.startswith("(") and said.endswith(")") else f" ({said})"

    def _relation(self, entity: Entity, tree: Mapping[str, Any]) -> str:
        word = "has" if "has" in tree else "lacks"
        relation = entity.relations.find(str(tree[word]))
        if relation is None:
            return quoted(str(tree[word]))
        other = entities.get(relation.entity)
        where = self._where(other, tree)
        bounds = {name: tree[name] for name in COMPARISONS if name in tree}
        if word == "lacks":
            return str(relation.none or _("there are none: %(things)s") % {"things": relation.label}) + where
        if not bounds:
            return str(relation.there or _("there are: %(things)s") % {"things": relation.label}) + where
        measure = next((name for name in AGGREGATES if name in tree), "count")
        pattern = {
            "count": _("%(things)s: number %(bounds)s"),
            "months": _("%(things)s: number of different months %(bounds)s"),
            "sum": _("%(things)s: total of “%(field)s” %(bounds)s"),
            "average": _("%(things)s: average of “%(field)s” %(bounds)s"),
        }[measure]
        measured = known_fields(other, self.asking).get(str(tree.get(measure)))
        return pattern % {
            "things": f"{relation.label}{where}",
            "field": measured.label if measured else tree.get(measure),
            "bounds": said_bounds(bounds),
        }

    def _leaf(self, form: LeafForm, tree: Mapping[str, Any]) -> str:
        given = form.read(tree)
        said = {}
        for slot in form.slots:
            key = (str(form.label), slot.key)
            if key not in self._words:
                self._words[key] = {str(code): str(text) for code, text in slot.choices(self.asking)}
            said[slot.key] = self._words[key].get(given.get(slot.key, ""), given.get(slot.key, ""))
        return form.says(said, self._where(entities.get(form.where), tree) if form.where else "")


def _parts(tree: Mapping[str, Any]) -> list[Any]:
    parts = tree.get("all", tree.get("any"))
    return parts if isinstance(parts, list) else []


def _is_true(value: Any) -> bool:
    try:
        return truth(value)
    except ValueError:
        return True


def quoted(text: str) -> str:
    """Return the text in the quotation marks of the language."""
    return _("“%(text)s”") % {"text": text}


def listed(words: Sequence[str], *, either: bool = True) -> str:
    """Return "A, B or C" (or with commas alone); a long list is cut and says how many more there are."""
    if len(words) > MOST_VALUES:
        more = len(words) - MOST_VALUES + 1
        shown = ", ".join(words[: MOST_VALUES - 1])
        return ngettext("%(shown)s and %(more)d more", "%(shown)s and %(more)d more", more) % {"shown": shown, "more": more}
    if len(words) < 2 or not either:
        return ", ".join(words)
    return _("%(first)s or %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def printed_number(value: Any) -> str:
    """Return a number, or money with its currency, as people write it."""
    if isinstance(value, Mapping):
        return print_money(str(value.get("amount", 0)), str(value.get("currency", "")).upper())
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return number_format(f"{number:f}", use_l10n=True, force_grouping=True) if number.is_finite() else str(value)


def printed_day(value: Any) -> str:
    """Return a date, or a moment, as people write it."""
    text = str(value)
    try:
        if "T" in text:
            return date_format(datetime.fromisoformat(text), "DATETIME_FORMAT")
        return date_format(date.fromisoformat(text[:10]), "DATE_FORMAT")
    except ValueError:
        return text


def said_bounds(bounds: Mapping[str, Any]) -> str:
    """Return bounds such as {"at_least": 3} in words."""
    if set(bounds) == {"at_least", "at_most"}:
        low, high = printed_number(bounds["at_least"]), printed_number(bounds["at_most"])
        return _("from %(low)s to %(high)s") % {"low": low, "high": high}
    word = pgettext("joins conditions", "and")
    exactly = {"is": pgettext("of a number", "exactly")}
    return f" {word} ".join(f"{exactly.get(name, OPERATOR_WORDS[name])} {printed_number(one)}" for name, one in bounds.items())


def _patterns(kind: FieldKind) -> Callable[[str], str]:
    if kind == FieldKind.CHOICES:
        return lambda operator: (
            _("%(field)s include none of: %(value)s") if operator == "not_in" else _("%(field)s include %(value)s")
        )
    return _pattern


def _pattern(operator: str) -> str:
    return {
        "contains": _("%(field)s contains %(value)s"),
        "starts": _("%(field)s begins with %(value)s"),
        "is_not": _("%(field)s is not %(value)s"),
        "not_in": _("%(field)s is none of: %(value)s"),
        "at_least": _("%(field)s is at least %(value)s"),
        "at_most": _("%(field)s is at most %(value)s"),
        "more_than": _("%(field)s is more than %(value)s"),
        "less_than": _("%(field)s is less than %(value)s"),
    }.get(operator, _("%(field)s is %(value)s"))


def _last(number: int, unit: str) -> str:
    return {
        "h": ngettext("in the last %(n)d hour", "in the last %(n)d hours", number),
        "d": ngettext("in the last %(n)d day", "in the last %(n)d days", number),
        "w": ngettext("in the last %(n)d week", "in the last %(n)d weeks", number),
        "m": ngettext("in the last %(n)d month", "in the last %(n)d months", number),
        "y": ngettext("in the last %(n)d year", "in the last %(n)d years", number),
    }[unit] % {"n": number}


def _coming(number: int, unit: str) -> str:
    return {
        "h": ngettext("in the next %(n)d hour", "in the next %(n)d hours", number),
        "d": ngettext("in the next %(n)d day", "in the next %(n)d days", number),
        "w": ngettext("in the next %(n)d week", "in the next %(n)d weeks", number),
        "m": ngettext("in the next %(n)d month", "in the next %(n)d months", number),
        "y": ngettext("in the next %(n)d year", "in the next %(n)d years", number),
    }[unit] % {"n": number}


def _ago(number: int, unit: str) -> str:
    return {
        "h": ngettext("more than %(n)d hour ago", "more than %(n)d hours ago", number),
        "d": ngettext("more than %(n)d day ago", "more than %(n)d days ago", number),
        "w": ngettext("more than %(n)d week ago", "more than %(n)d weeks ago", number),
        "m": ngettext("more than %(n)d month ago", "more than %(n)d months ago", number),
        "y": ngettext("more than %(n)d year ago", "more than %(n)d years ago", number),
    }[unit] % {"n": number}


SPANS: dict[str, Callable[[int, str], str]] = {"within": _last, "next": _coming, "older_than": _ago}
