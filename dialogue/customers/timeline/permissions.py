"""What may be done with the timeline."""

from __future__ import annotations

from enum import StrEnum


class TimelinePermission(StrEnum):
    """Verbs over the dialogue with customers."""

    WRITE = "timeline:entry:write"
    STRIKE = "timeline:entry:strike"
