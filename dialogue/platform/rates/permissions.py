"""What may be done with exchange rates."""

from __future__ import annotations

from enum import StrEnum


class RatePermission(StrEnum):
    """Verbs over rates."""

    WRITE = "company:rates:write"
