"""What purchases tell the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dataclasses import field

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event


@frozen
class PurchasesFact:
    """Purchases were recorded; `with_coupons` came with a code. Listeners add the ids of timeline entries they write to `entries`."""

    ids: list[int]
    by: Actor
    with_coupons: list[int] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)


purchases_recorded: Event[PurchasesFact] = Event("purchases.recorded")
