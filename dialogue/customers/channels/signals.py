"""What channels tell the rooms above."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.customers.channels.models import Delivery
from dialogue.kit.signals import Event


@dataclass(frozen=True)
class DeliveriesFact:
    """Deliveries that reached an end (accepted, refused, unknown, cancelled)."""

    deliveries: list[Delivery]


deliveries_settled: Event[DeliveriesFact] = Event("channels.settled")
