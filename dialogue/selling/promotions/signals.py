"""What coupons tell the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event


@frozen
class UsesFact:
    """Codes came with these purchases and were judged."""

    purchases: list[int]
    by: Actor


coupons_used: Event[UsesFact] = Event("coupons.used")
