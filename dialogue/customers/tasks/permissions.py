"""What may be done with tasks."""

from __future__ import annotations

from enum import StrEnum

KIND = "task"


class TaskPermission(StrEnum):
    """Verbs over tasks."""

    WRITE = "tasks:task:write"
    ASSIGN = "tasks:task:assign"
