"""What channels tell the rooms above."""

from __future__ import annotations

from dialogue.customers.channels.models import Delivery, Mailing
from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event


@frozen
class DeliveriesFact:
    """Deliveries that reached an end (accepted, refused, unknown, cancelled)."""

    deliveries: list[Delivery]


@frozen
class MailingFact:
    """A mailing came from the state `before` to the one it has now."""

    mailing: Mailing
    before: str
    by: Actor


deliveries_settled: Event[DeliveriesFact] = Event("channels.settled")
mailing_moved: Event[MailingFact] = Event("channels.mailing_moved")
