"""The table's rows as HTML. Forty rows are built as strings: templates would cost a third of the page's time."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markupsafe import escape

from dialogue.kit.money import print_money
from dialogue.platform.criteria.fields import Field
from dialogue.platform.lists.cells import NUMERIC, Printer
from dialogue.platform.lists.pages import ListPage
from dialogue.platform.lists.query import ListQuery, Totals


def rows_html(query: ListQuery, rows: list[Any], printer: Printer, *, editable: bool) -> SafeString:
    """Return the `<tr>` elements of a page of rows."""
    page = query.page
    money = query.fields.get(page.amount) if page.amount else None
    choose = escape(_("Select"))
    row_url, parts = page.row_url, []
    title, *others = [printer.cell(field) for field in query.columns]
    opened = [_opening(page, field, editable=editable) for field in query.columns[1:]]
    cells = list(zip(opened, others, strict=True))
    for row in rows:
        amount = getattr(row, money.path) if money else None
        summed = (
            f' data-amount="{amount}" data-currency="{getattr(row, money.currency)}"' if money and amount is not None else ""
        )
        parts.append(
            f'<tr data-id="{row.pk}"{summed}><td class="check"><input type="checkbox" value="{row.pk}" '
            f'aria-label="{choose}: {escape(str(row))}"></td>'
            f'<td class="title" tabindex="-1"><a href="{escape(row_url(row))}">{title(row)}</a></td>'
        )
        parts += [f"{opening}{shown(row)}</td>" for opening, shown in cells]
        parts.append("</tr>")
    return mark_safe("".join(parts))  # noqa: S308  every value above is escaped by the printer or by escape()


def _opening(page: ListPage, field: Field, *, editable: bool) -> str:
    style = ' class="n"' if field.kind in NUMERIC else ' class="more"'
    edit = f' data-edit="{escape(field.name)}"' if editable and field.editable and page.change else ""
    return f'<td{style}{edit} tabindex="-1">'


def cell_html(query: ListQuery, field: Field, row: Any, printer: Printer, *, first: bool, editable: bool) -> str:
    """Return one `<td>`; the first is the row's title and its link, the others say where they are edited."""
    inner = printer.html(field, row)
    if first:
        return f'<td class="title" tabindex="-1"><a href="{escape(query.page.row_url(row))}">{inner}</a></td>'
    return f"{_opening(query.page, field, editable=editable)}{inner}</td>"


def cells_url(query: ListQuery) -> str:
    """Return where a cell's form is found, with `0` for the row and `field` for the field."""
    return reverse("list_cell", args=[query.page.name, 0, "field"])


def heads(query: ListQuery) -> list[dict[str, Any]]:
    """Return the column heads: words, the address that sorts by it, and how it is sorted now."""
    order = query.order
    shown = []
    for field in query.columns:
        current = field.name == order.field.name
        down = current and order.descending
        shown.append(
            {
                "label": field.label,
                "numeric": field.kind in NUMERIC,
                "sort": query.address(sort=field.name if down or not current else f"-{field.name}") if field.sort else "",
                "state": ("descending" if down else "ascending") if current else "",
            }
        )
    return shown


def sums_text(totals: Totals) -> str:
    """Return the sums in words: the largest currencies first, at most three."""
    return " · ".join(print_money(total, currency) for currency, total in totals.sums[:3])
