"""What may be done with imports."""

from __future__ import annotations

from enum import StrEnum


class ImportPermission(StrEnum):
    """Verbs over imports."""

    RUN = "imports:import:run"
    UNDO = "imports:import:undo"
