"""What members may do with lists."""

from __future__ import annotations

from enum import StrEnum


class ListPermission(StrEnum):
    """Verbs over lists."""

    EXPORT = "lists:export"
    SHARE = "lists:share"
    BULK = "lists:bulk"
