"""Who asks, taken from the open company."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.tenants.models import Tenant


def asking_of(actor: Actor, company: Tenant) -> Asking:
    """Return the asker in the company's time zone, week and currency."""
    return Asking(actor=actor, zone=company.zone, week_start=company.week_start, currency=company.currency)
