"""Refusals of deals."""

from __future__ import annotations

from dialogue.kit.errors import Conflict, Refusal


class ReasonNeeded(Refusal):
    """A lost deal says why."""

    code = "reason-needed"


class DealClosed(Conflict):
    """The deal is won or lost already."""

    code = "deal-closed"


class DealOpen(Conflict):
    """The deal is open already."""

    code = "deal-open"
