"""What parties tell the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from dialogue.customers.parties.models import Consent, Party
from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event


@frozen
class PartyFact:
    """One party changed; `changes` maps a field to `[before, after]`."""

    party: Party
    by: Actor
    changes: dict[str, list[Any]] = field(default_factory=dict)


@frozen
class PartiesFact:
    """Many parties changed in one statement; `fields` names what changed, empty when they are new."""

    ids: list[int]
    by: Actor
    fields: tuple[str, ...] = ()


@frozen
class ConsentFact:
    """A customer said what he allows."""

    consent: Consent
    by: Actor


@frozen
class PartyGone:
    """A customer leaves the bin for good; `emails` are his addresses in their normal form."""

    party: Party
    emails: list[str]


party_created: Event[PartyFact] = Event("parties.created")
party_changed: Event[PartyFact] = Event("parties.changed")
party_binned: Event[PartyFact] = Event("parties.binned")
party_restored: Event[PartyFact] = Event("parties.restored")
party_gone: Event[PartyGone] = Event("parties.gone")
parties_created: Event[PartiesFact] = Event("parties.many_created")
parties_changed: Event[PartiesFact] = Event("parties.many_changed")
consent_recorded: Event[ConsentFact] = Event("parties.consent_recorded")
