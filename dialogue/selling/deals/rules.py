"""Pure rules of deals."""

from __future__ import annotations

from dialogue.selling.deals.models import RANK_GAP


def rank_between(above: int | None, below: int | None) -> int | None:
    """Return a rank between two cards, None where they stand too close and the column must be spread first."""
    if above is None and below is None:
        return 0
    if above is None:
        return (below or 0) - RANK_GAP
    if below is None:
        return above + RANK_GAP
    middle = (above + below) // 2
    return middle if above < middle < below else None
