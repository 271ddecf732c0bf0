"""What purchases tell the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.kit.actors import Actor
from dialogue.kit.signals import Event


@dataclass(frozen=True)
class PurchasesFact:
    """Purchases were recorded."""

    ids: list[int]
    by: Actor


purchases_recorded: Event[PurchasesFact] = Event("purchases.recorded")
