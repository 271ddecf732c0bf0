"""What may be done with the contact policy."""

from __future__ import annotations

from enum import StrEnum


class PolicyPermission(StrEnum):
    """Verbs over the contact policy."""

    WRITE = "policy:write"
