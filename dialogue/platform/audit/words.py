"""The audit stream in words: who did what to which record, and each change as "field: before → after"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import field
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from dialogue.kit.frozen import frozen
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import record_kinds
from dialogue.platform.audit.models import Entry

NOTHING = "—"
LONGEST = 200


@frozen
class Change:
    """One changed field as a person reads it."""

    label: str
    before: str
    after: str


@frozen
class Line:
    """One entry as a person reads it; `address` leads to the record where it has a page."""

    entry: Entry
    words: str
    address: str
    changes: list[Change] = field(default_factory=list)

    @property
    def note(self) -> str:
        """What else the event says: its reason, or how many rows it touched."""
        facts = self.entry.facts
        reason = facts.get("reason") or ""
        count = facts.get("count")
        return str(reason) or (_("rows: %(count)s") % {"count": localize(count)} if isinstance(count, int) else "")


def field_of(model: type[models.Model] | None, name: str) -> models.Field[Any, Any] | None:
    """Return the model's field, whether it is named with `_id` or without, or None."""
    if model is None:
        return None
    for wanted in (name, name.removesuffix("_id")):
        try:
            found = model._meta.get_field(wanted)
        except FieldDoesNotExist:
            continue
        if isinstance(found, models.Field):
            return found
    return None


def label_of(model: type[models.Model] | None, name: str) -> str:
    """Return the field's words for a reader."""
    known = field_of(model, name)
    return capfirst(str(known.verbose_name)) if known else name.removeprefix("characteristics.").replace("_", " ")


class Names:
    """The names of rows that changes point to, read with one query per model."""

    def __init__(self) -> None:
        self.wanted: dict[type[models.Model], set[int]] = defaultdict(set)
        self.found: dict[type[models.Model], dict[int, str]] = {}

    def want(self, known: models.Field[Any, Any] | None, value: Any) -> None:
        """Ask for the name of a value if it is a row's id."""
        if known is not None and isinstance(known, models.ForeignKey) and isinstance(value, int):
            self.wanted[known.related_model].add(value)

    def read(self) -> None:
        """Read all names asked for."""
        for model, ids in self.wanted.items():
            manager = getattr(model, "with_bin", model._default_manager)
            self.found[model] = {row.pk: str(row) for row in manager.filter(pk__in=ids)}

    def of(self, known: models.ForeignKey[Any, Any], value: int) -> str:
        """Return a row's name; of one that is gone its number."""
        return self.found.get(known.related_model, {}).get(value) or f"№ {value}"


def say(known: models.Field[Any, Any] | None, value: Any, names: Names | None = None) -> str:
    """Return a kept value as a reader knows it: choices by their words, days in his form, rows by their names."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if known is not None:
        if known.choices:
            return str(dict(known.flatchoices).get(value, value))
        if isinstance(known, models.ForeignKey) and isinstance(value, int):
            return names.of(known, value) if names else str(value)
        if isinstance(known, models.DateField) and isinstance(value, (str, date)):
            return _day(known, value)
    if isinstance(value, list):
        return ", ".join(say(None, one) for one in value)[:LONGEST]
    if isinstance(value, dict):
        return ", ".join(f"{key}: {say(None, one)}" for key, one in value.items())[:LONGEST]
    return str(localize(value))[:LONGEST]


def _day(known: models.Field[Any, Any], value: str | date) -> str:
    try:
        if isinstance(known, models.DateTimeField):
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            return date_format(timezone.localtime(moment) if timezone.is_aware(moment) else moment, "SHORT_DATETIME_FORMAT")
        return date_format(value if isinstance(value, date) else date.fromisoformat(value[:10]), "SHORT_DATE_FORMAT")
    except ValueError:
        return str(value)


def _model(kind: str) -> type[models.Model] | None:
    try:
        return apps.get_model(kind)
    except (LookupError, ValueError):
        return None


def lines_of(entries: Iterable[Entry]) -> list[Line]:
    """Return entries as a person reads them."""
    rows = list(entries)
    names = Names()
    for entry in rows:
        model = _model(entry.subject_kind)
        for name, pair in entry.changes.items():
            for value in _pair(pair):
                names.want(field_of(model, name), value)
    names.read()
    return [_line(entry, names) for entry in rows]


def _pair(kept: Any) -> tuple[Any, Any]:
    return (kept[0], kept[1]) if isinstance(kept, list) and len(kept) == 2 else (None, kept)


def _line(entry: Entry, names: Names) -> Line:
    model = _model(entry.subject_kind)
    changes = []
    for name, kept in entry.changes.items():
        before, after = _pair(kept)
        known = field_of(model, name)
        changes.append(Change(label_of(model, name), say(known, before, names), say(known, after, names)))
    kind = record_kinds.find(entry.subject_kind)
    words = event_words.find(entry.event) or entry.event
    return Line(entry, str(words), kind.address(entry.subject_id) if kind else "", changes)
