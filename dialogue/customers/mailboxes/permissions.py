"""What may be done with what comes back by mail."""

from __future__ import annotations

from enum import StrEnum


class MailboxPermission(StrEnum):
    """Verbs over mailboxes."""

    WRITE = "company:mailbox:write"
    READ = "channels:incoming:read"
