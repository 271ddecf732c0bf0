"""What may be done with the company's mail server and sender identities."""

from __future__ import annotations

from enum import StrEnum


class MailPermission(StrEnum):
    """Verbs over mail."""

    SERVER = "company:mail:write"
    IDENTITY = "channels:identity:write"
