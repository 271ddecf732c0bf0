"""How a value looks in a cell of a list, on paper and in an export."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import formats, timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markupsafe import escape

from dialogue.kit.money import print_money
from dialogue.platform.criteria.fields import Asking, Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.lists.pages import ListPage

NOTHING = mark_safe('<span class="faint">—</span>')
NUMERIC = {FieldKind.NUMBER, FieldKind.MONEY}
CHIPS = {FieldKind.CHOICE, FieldKind.CHOICES}
Said = Callable[[Any], str]


class Printer:
    """Prints the cells of one reading; what a column needs is looked up once, not once a row."""

    def __init__(self, page: ListPage, asking: Asking) -> None:
        self.page = page
        self.asking = asking
        self._texts: dict[str, Said] = {}
        self._cells: dict[str, Said] = {}

    def html(self, field: Field, row: Any) -> str:
        """Return the cell as HTML."""
        return self.cell(field)(row)

    def text(self, field: Field, row: Any) -> str:
        """Return the cell as plain text, never truncated."""
        return self.words(field)(row)

    def cell(self, field: Field) -> Said:
        """Return what prints the column's cells as HTML."""
        if field.name not in self._cells:
            own = self.page.cells.get(field.name)
            self._cells[field.name] = self._own(own) if own else self._plain_cell(field)
        return self._cells[field.name]

    def words(self, field: Field) -> Said:
        """Return what prints the column's cells as text."""
        if field.name not in self._texts:
            self._texts[field.name] = field.said or self._text_of(field)
        return self._texts[field.name]

    def _own(self, own: Callable[[Any, Asking], Any]) -> Said:
        asking = self.asking

        def shown(row: Any) -> str:
            value = own(row, asking)
            if value is None or value == "":
                return NOTHING
            return value if isinstance(value, SafeString) else escape(str(value))

        return shown

    def _plain_cell(self, field: Field) -> Said:
        words = self.words(field)
        chip = field.kind in CHIPS and not field.links
        before, after = ('<span class="chip">', "</span>") if chip else ("", "")

        def shown(row: Any) -> str:
            text = words(row)
            return f"{before}{escape(text)}{after}" if text else NOTHING

        return shown

    def _text_of(self, field: Field) -> Said:
        value_of, said = field.value_of, self._said(field)

        def text(row: Any) -> str:
            value = value_of(row)
            return "" if value is None or value in ("", []) else said(value)

        if field.kind != FieldKind.MONEY:
            return text

        language = get_language() or "en"

        def money(row: Any) -> str:
            value = value_of(row)
            if isinstance(value, dict):
                return print_money(value["amount"], value["currency"], language)
            return "" if value is None else print_money(value, str(getattr(row, field.currency)), language)

        return money

    def _said(self, field: Field) -> Said:
        kind = field.kind
        if kind in {FieldKind.CHOICE, FieldKind.USER, FieldKind.CHOICES}:
            return self._chosen(field)
        if kind == FieldKind.YES_NO:
            yes, no = _("yes"), _("no")
            return lambda value: yes if value else no
        if kind == FieldKind.DATE:
            return remembering(_day)
        if kind == FieldKind.NUMBER:
            return remembering(
                lambda value: formats.number_format(Decimal(str(value)).normalize(), use_l10n=True, force_grouping=True)
            )
        return _plain

    def _chosen(self, field: Field) -> Said:
        words = {value: str(label) for value, label in field.choices_for(self.asking)}

        def said(value: Any) -> str:
            if isinstance(value, list):
                return ", ".join(words.get(str(one), str(one)) for one in value)
            return words.get(str(value), str(value))

        return said


def remembering(said: Said) -> Said:
    """Return the function with a memory for one reading: a page repeats its dates and numbers."""
    known: dict[Any, str] = {}

    def remembered(value: Any) -> str:
        if value not in known:
            known[value] = said(value)
        return known[value]

    return remembered


def _day(value: Any) -> str:
    return formats.date_format(value if isinstance(value, date) else date.fromisoformat(value), "SHORT_DATE_FORMAT")


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)
