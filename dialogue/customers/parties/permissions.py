"""What may be done with customers."""

from __future__ import annotations

from enum import StrEnum

KIND = "party"


class PartyPermission(StrEnum):
    """Verbs over people and companies."""

    WRITE = "parties:party:write"
    ASSIGN = "parties:party:assign"
    BIN = "parties:party:bin"
    CONSENT = "parties:party:consent"
    SETTINGS = "parties:field:write"
