"""What may be done with attribution."""

from __future__ import annotations

from enum import StrEnum


class AttributionPermission(StrEnum):
    """Verbs over attribution."""

    READ = "campaigns:attribution:read"
    WRITE = "campaigns:attribution:write"
