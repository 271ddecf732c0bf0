"""Who may define fields."""

from __future__ import annotations

from enum import StrEnum


class CriteriaPermission(StrEnum):
    """Verbs over definitions."""

    DEFINE = "company:characteristics:write"
