"""What channels tell the rooms above."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.customers.channels.models import Delivery, Mailing
from dialogue.kit.actors import Actor
from dialogue.kit.signals import Event


@dataclass(frozen=True)
class DeliveriesFact:
    """Deliveries that reached an end (accepted, refused, unknown, cancelled)."""

    deliveries: list[Delivery]


@dataclass(frozen=True)
class MailingFact:
    """A mailing came from the state `before` to the one it has now."""

    mailing: Mailing
    before: str
    by: Actor


deliveries_settled: Event[DeliveriesFact] = Event("channels.settled")
mailing_moved: Event[MailingFact] = Event("channels.mailing_moved")
