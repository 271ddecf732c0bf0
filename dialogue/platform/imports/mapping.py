"""The map from columns to fields: guessed from headers, changed by hand, checked before a row is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.platform.imports.kinds import Column, ImportKind, Plan, Target, Value
from dialogue.platform.imports.reading.dates import DMY, MDY
from dialogue.platform.imports.reading.numbers import WORDS

LANGUAGES_DAY_FIRST = ("ru", "uk", "ro")
BRACKETS = re.compile(r"[(\[,]\s*([^()\[\],]*?)\s*[)\]]?$")
NOT_WORD = re.compile(r"[^\w@#№]+")
NEW = "characteristics."


def plain_header(header: str) -> str:
    """Return a header as synonyms are written: lower case, single spaces, no unit in brackets, ё as е."""
    text = BRACKETS.sub("", header) if "(" in header or "[" in header else header
    text = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", text)
    return " ".join(NOT_WORD.sub(" ", text.replace("_", " ").lower()).replace("ё", "е").split())


def unit_of(header: str) -> str:
    """Return the currency a header names in brackets, as in "Бюджет (руб.)", or ""."""
    match = re.search(r"[(\[,]\s*([^()\[\],]+?)\s*[)\]]?$", header)
    return WORDS.get(match[1].lower().strip(". "), "") if match else ""


def guess(headers: list[str], kind: ImportKind) -> dict[str, str]:
    """Return the likely target of each header: exact words first, then the longest words inside; each target once."""
    targets = kind.targets()
    words = [(plain_header(word), target) for target in targets for word in (*target.synonyms, target.name, str(target.label))]
    found: dict[str, str] = {}
    taken: set[str] = set()

    def take(header: str, target: Target) -> None:
        found[header] = target.name
        if not target.several:
            taken.add(target.name)

    plain = {header: plain_header(header) for header in headers}
    for header, text in plain.items():
        exact = next((target for word, target in words if word == text and target.name not in taken), None)
        if exact and text:
            take(header, exact)
    for header, text in plain.items():
        if header in found or not text:
            continue
        inside = [(len(word), target) for word, target in words if _means(text, word)]
        for _length, target in sorted(inside, key=lambda pair: -pair[0]):
            if target.name not in taken:
                take(header, target)
                break
    return found


def _means(text: str, word: str) -> bool:
    """Whether a header that is not the word itself still means it: begins with it, or holds all of several words."""
    return len(word) > 3 and (f"{text} ".startswith(f"{word} ") or (" " in word and f" {word} " in f" {text} "))


def missing_targets(kind: ImportKind, mapped: set[str]) -> list[str]:
    """Return what a map still lacks, in words."""
    targets = {target.name: target for target in kind.targets()}
    lacking = [str(target.label) for target in targets.values() if target.required and target.name not in mapped]
    groups = [group for group in kind.one_of if not mapped & set(group)]
    return lacking + [" / ".join(str(targets[name].label) for name in group if name in targets) for group in groups]


def as_map(mapping: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a given map with its parts in place.

    Raises:
        Refusal: it is not a map.
    """
    given = dict(mapping or {})
    columns = given.get("columns") or {}
    known = {"kind", "columns", "values", "match", "empty", "reading", "decimal", "order", "name", "about"}
    if not isinstance(columns, Mapping) or not isinstance(given.get("values") or {}, Mapping) or set(given) - known:
        raise Refusal(
            _("The map must be an object with “columns” and, where needed, “values”, “match”, “empty”, “decimal”, “order”."),
            field="map",
            code="wrong-map",
        )
    given["columns"] = {
        str(header): {"to": use} if isinstance(use, str) else dict(use) for header, use in columns.items() if use
    }
    return given


def plan_of(kind: ImportKind, headers: list[str], mapping: Mapping[str, Any], survey: Mapping[str, Any]) -> Plan:
    """Return the map understood against the table.

    Raises:
        InvalidInput: names each wrong column or field, and what is still missing.
    """
    given = as_map(mapping)
    targets = {target.name: target for target in kind.targets()}
    errors: dict[str, str] = {}
    columns: list[Column] = []
    seen: set[str] = set()
    for header, use in given["columns"].items():
        target = targets.get(str(use.get("to")))
        if header not in headers:
            errors[f"columns.{header}"] = _("The table has no column “%(column)s”.") % {"column": header}
        elif target is None:
            errors[f"columns.{header}"] = _("There is no field “%(field)s” for this kind.") % {"field": use.get("to")}
        elif target.name in seen and not target.several:
            errors[f"columns.{header}"] = _("“%(field)s” is taken by another column.") % {"field": target.label}
        else:
            seen.add(target.name)
            columns.append(Column(headers.index(header), header, target, use))
    fixed: list[Column] = []
    for name, value in (given.get("values") or {}).items():
        if name not in targets:
            errors[f"values.{name}"] = _("There is no field “%(field)s” for this kind.") % {"field": name}
        elif value not in (None, ""):
            fixed.append(Column(-1, name, targets[name], {"value": value}))
    errors |= _wrong_choices(given, kind)
    lacking = missing_targets(kind, seen | {column.target.name for column in fixed})
    if lacking:
        errors["columns"] = _("Choose a column for: %(fields)s.") % {"fields": ", ".join(lacking)}
    if errors:
        raise InvalidInput(errors)
    empty = frozenset(str(word).strip().lower() for word in given.get("empty") or [])
    return Plan(columns, fixed, str(given.get("match") or ""), empty, survey, given)


def _wrong_choices(given: Mapping[str, Any], kind: ImportKind) -> dict[str, str]:
    errors = {}
    if given.get("decimal") not in (None, "", ".", ","):
        errors["decimal"] = _("The decimal sign is a point or a comma.")
    if given.get("order") not in (None, "", DMY, MDY):
        errors["order"] = _("The order of dates is “dmy” or “mdy”.")
    if given.get("match") and given["match"] not in {key.code for key in kind.keys}:
        errors["match"] = _("Choose by what rows are recognised: %(keys)s.") % {
            "keys": ", ".join(key.code for key in kind.keys)
        }
    return errors


def characteristic_wishes(kind: ImportKind, mapping: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return, by code, the characteristics the map wants defined: `{"label", "kind", "header"}`."""
    wishes = {}
    for header, use in as_map(mapping)["columns"].items():
        name = str(use.get("to", ""))
        if kind.entity and name.startswith(NEW) and use.get("kind"):
            wishes[name.removeprefix(NEW)] = {"label": use.get("label") or header, "kind": use["kind"], "header": header}
    return wishes


VALUE_OF_KIND = {
    "text": Value.TEXT, "long_text": Value.LONG_TEXT, "number": Value.NUMBER, "money": Value.MONEY, "date": Value.DAY,
    "yes_no": Value.FLAG, "choice": Value.TEXT, "choices": Value.TEXT,
}  # fmt: skip
