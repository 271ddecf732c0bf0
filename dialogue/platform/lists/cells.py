"""How a value looks in a cell of a list, on paper and in an export."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import formats, timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dialogue.kit.money import print_money
from dialogue.platform.criteria.fields import Asking, Field
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.lists.pages import ListPage

NOTHING = mark_safe('<span class="faint">—</span>')
NUMERIC = {FieldKind.NUMBER, FieldKind.MONEY}


class Printer:
    """Prints the cells of one reading; lists of choices are looked up once."""

    def __init__(self, page: ListPage, asking: Asking) -> None:
        self.page = page
        self.asking = asking
        self._words: dict[str, dict[str, str]] = {}

    def words_of(self, field: Field) -> dict[str, str]:
        """Return the words of the field's list by value."""
        if field.name not in self._words:
            self._words[field.name] = {value: str(words) for value, words in field.choices_for(self.asking)}
        return self._words[field.name]

    def html(self, field: Field, row: Any) -> SafeString:
        """Return the cell as HTML."""
        own = self.page.cells.get(field.name)
        if own is not None:
            shown = own(row, self.asking)
            return NOTHING if shown in (None, "") else shown if isinstance(shown, SafeString) else escape(shown)
        text = self.text(field, row)
        if text == "":
            return NOTHING
        if field.kind in {FieldKind.CHOICE, FieldKind.CHOICES} and not field.links:
            return format_html('<span class="chip">{}</span>', text)
        return escape(text)

    def text(self, field: Field, row: Any) -> str:
        """Return the cell as plain text, never truncated."""
        if field.said is not None:
            return field.said(row)
        value = field.value_of(row)
        if value is None or value in ("", []):
            return ""
        if field.kind == FieldKind.MONEY:
            return self._money(field, row, value)
        if isinstance(value, bool) or field.kind == FieldKind.YES_NO:
            return _("yes") if value else _("no")
        if field.kind in {FieldKind.CHOICE, FieldKind.USER}:
            return self.words_of(field).get(str(value), str(value))
        if field.kind == FieldKind.CHOICES:
            words = self.words_of(field)
            return ", ".join(words.get(str(one), str(one)) for one in (value if isinstance(value, list) else [value]))
        return self._plain(field, value)

    @staticmethod
    def _plain(field: Field, value: Any) -> str:
        if isinstance(value, datetime):
            return formats.date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
        if field.kind == FieldKind.DATE:
            return formats.date_format(value if isinstance(value, date) else date.fromisoformat(value), "SHORT_DATE_FORMAT")
        if field.kind == FieldKind.NUMBER:
            return formats.number_format(Decimal(str(value)).normalize(), use_l10n=True, force_grouping=True)
        return str(value)

    @staticmethod
    def _money(field: Field, row: Any, value: Any) -> str:
        if isinstance(value, dict):
            return print_money(value["amount"], value["currency"])
        return print_money(value, str(getattr(row, field.currency)))
