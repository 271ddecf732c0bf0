"""The map as a form: one line per column, and back from what was posted."""

from __future__ import annotations

from dataclasses import field
from itertools import groupby
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import record
from dialogue.platform.criteria.permissions import CriteriaPermission
from dialogue.platform.imports.kinds import ImportKind, Target
from dialogue.platform.imports.mapping import NEW, as_map
from dialogue.platform.imports.models import Import
from dialogue.platform.imports.parsing import DATED, NUMERIC

NEW_PREFIX = "new:"
DEFINABLE = ("text", "number", "money", "date", "yes_no", "choice")


@record
class ColumnLine:
    """One column of the table with the field it goes to."""

    index: int
    header: str
    samples: list[str]
    chosen: str
    options: dict[str, Any]
    target: Target | None

    @property
    def is_date(self) -> bool:
        """Whether the order of day and month matters."""
        return self.target is not None and self.target.value in DATED

    @property
    def is_number(self) -> bool:
        """Whether the decimal sign matters."""
        return self.target is not None and self.target.value in NUMERIC


@record
class Choices:
    """A group of fields in the choice of a column."""

    label: str
    options: list[tuple[str, str]] = field(default_factory=list)


def lines_of(run: Import, kind: ImportKind) -> list[ColumnLine]:
    """Return the table's columns with what each goes to."""
    targets = {target.name: target for target in kind.targets()}
    columns = as_map(run.mapping)["columns"]
    sample = run.facts.get("sample", [])
    lines = []
    for index, header in enumerate(run.headers):
        use = columns.get(header, {})
        chosen = str(use.get("to", ""))
        if use.get("kind") and chosen not in targets:
            chosen = NEW_PREFIX + str(use["kind"])
        samples = [row[index] for row in sample if index < len(row) and row[index]][:3]
        lines.append(ColumnLine(index, header, samples, chosen, use, targets.get(chosen)))
    return lines


def choices_of(kind: ImportKind, by: Actor) -> list[Choices]:
    """Return the fields of the kind in groups, new characteristics last for who may define them."""
    groups: list[Choices] = []
    for label, targets in groupby(kind.targets(), key=lambda target: str(target.group or kind.label)):
        named = [(target.name, str(target.label)) for target in targets]
        known = next((group for group in groups if group.label == label), None)
        if known:
            known.options += named
        else:
            groups.append(Choices(label, named))
    if kind.entity and by.can(CriteriaPermission.DEFINE):
        words = {
            "text": _("text"),
            "number": pgettext("kind of field", "number"),
            "money": _("money"),
            "date": _("date"),
            "yes_no": _("yes or no"),
            "choice": _("one of a list"),
        }
        new = [(NEW_PREFIX + code, _("new: %(kind)s") % {"kind": words[code]}) for code in DEFINABLE]
        groups.append(Choices(_("New characteristic"), new))
    return groups


def posted_map(run: Import, given: QueryDict) -> dict[str, Any]:
    """Return the map that the form says; fixed values and the map's name are kept as they were."""
    from dialogue.platform.criteria.actions import code_of

    columns: dict[str, dict[str, Any]] = {}
    for index, header in enumerate(run.headers):
        chosen = given.get(f"to-{index}", "")
        if not chosen:
            continue
        use: dict[str, Any] = {"to": chosen}
        if chosen.startswith(NEW_PREFIX):
            use = {"to": NEW + code_of(header), "kind": chosen.removeprefix(NEW_PREFIX), "label": header[:80]}
        for option in ("name", "order", "decimal"):
            if given.get(f"{option}-{index}"):
                use[option] = given[f"{option}-{index}"][:160]
        columns[header] = use
    mapping: dict[str, Any] = {"columns": columns}
    if run.mapping.get("values"):
        mapping["values"] = run.mapping["values"]
    if given.get("match"):
        mapping["match"] = given["match"]
    words = [word.strip() for word in given.get("empty", "").split(",") if word.strip()]
    if words:
        mapping["empty"] = words[:20]
    return mapping
