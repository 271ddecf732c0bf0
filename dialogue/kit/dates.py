"""Days as people write them in a line: "25 Nov", "25 нояб."."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from django.utils import translation


def short_day(day: date, language: str = "") -> str:
    """Return day and month in the reader's language, the month short and in its right case."""
    language = language or translation.get_language() or "en"
    return format_date(day, "d MMM", locale=language.split("-")[0])


def short_month(day: date, language: str = "") -> str:
    """Return the month's short name in the reader's language, a January with its year."""
    language = language or translation.get_language() or "en"
    return format_date(day, "LLL y" if day.month == 1 else "LLL", locale=language.split("-")[0])
