"""What may be done with purchases."""

from __future__ import annotations

from enum import StrEnum


class PurchasePermission(StrEnum):
    """Verbs over purchases."""

    READ = "purchases:read"
    WRITE = "purchases:purchase:write"
