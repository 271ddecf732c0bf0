"""What may be done with segments."""

from __future__ import annotations

from enum import StrEnum

KIND = "segment"


class SegmentPermission(StrEnum):
    """Verbs over segments."""

    READ = "segments:segment:read"
    WRITE = "segments:segment:write"
