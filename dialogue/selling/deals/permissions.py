"""What may be done with deals."""

from __future__ import annotations

from enum import StrEnum

KIND = "deal"


class DealPermission(StrEnum):
    """Verbs over deals and their pipelines."""

    WRITE = "deals:deal:write"
    ASSIGN = "deals:deal:assign"
    BIN = "deals:deal:bin"
    PIPELINE = "deals:pipeline:write"
