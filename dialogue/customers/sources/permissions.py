"""What may be done with sources."""

from __future__ import annotations

from enum import StrEnum


class SourcePermission(StrEnum):
    """Verbs over sources."""

    WRITE = "timeline:source:write"
