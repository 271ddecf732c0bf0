"""Counts and shares as a reader sees them."""

from __future__ import annotations

from django.utils.formats import number_format

from dialogue.kit.money import MINUS, NO_BREAK, THIN


def print_count(value: int) -> str:
    """Return a count with thin spaces between its thousands."""
    return f"{value:,}".replace(",", THIN)


def print_share(share: float | None, digits: int = 1) -> str:
    """Return a share in percent as the reader's language writes it, a dash for none."""
    if share is None:
        return "—"
    said = number_format(round(100 * share, digits), digits if share else 0)
    return f"{said.replace('-', MINUS)}{NO_BREAK}%"
