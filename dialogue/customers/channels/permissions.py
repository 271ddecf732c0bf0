"""What may be done with messages to customers."""

from __future__ import annotations

from enum import StrEnum


class ChannelPermission(StrEnum):
    """Verbs over messages."""

    SEND = "channels:send"
    TEMPLATE = "channels:template:write"
    SUPPRESS = "channels:suppression:write"
    MAILING = "channels:mailing:write"
    SETTINGS = "company:mail:read"
