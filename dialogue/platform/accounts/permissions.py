"""What may be done with the company itself, its members and its keys."""

from __future__ import annotations

from enum import StrEnum


class CompanyPermission(StrEnum):
    """Verbs over the company."""

    SETTINGS = "company:settings:write"
    MEMBERS = "company:members:write"
    KEYS = "company:keys:write"
    AUDIT = "company:audit:read"
    JOBS = "company:jobs:write"
    BIN = "company:bin:write"
