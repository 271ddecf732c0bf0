"""The receiver ends our letters: one press, no sign-in, at once (RFC 8058); twice is once."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dialogue.customers.channels.actions import suppress_address
from dialogue.customers.channels.ledger import flying_letters
from dialogue.customers.channels.models import Delivery, SuppressionReason
from dialogue.customers.parties.details import record_consent
from dialogue.customers.parties.models import ConsentState, Party, Purpose, consent_state
from dialogue.customers.timeline.actions import record_response
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor, system_actor
from dialogue.platform.audit.verbs import action


def letter_of(pk: int) -> Delivery | None:
    """Return a letter that went, or is with the server this moment, None where there is none of this number."""
    # Asked first: between the two a letter can only have landed.
    flying = flying_letters([pk])
    return Delivery.objects.filter(pk=pk).select_related("party", "mailing").first() or next(iter(flying), None)


@action()
def unsubscribe(delivery: Delivery, *, by: Actor, one_click: bool = False) -> Delivery:
    """End offers, and letters of this delivery's purpose, to its address; note it as an answer; return the delivery."""
    row = Delivery.objects.select_for_update().filter(pk=delivery.pk).first() or delivery
    party = Party.with_bin.filter(pk=row.party_id).first()
    evidence = _("one-click unsubscribe") if one_click else _("unsubscribe page")
    end_letters(row, party, reason=SuppressionReason.UNSUBSCRIBED, evidence=evidence, by=by)
    if party is not None and not Entry.objects.filter(ref_kind="delivery", ref_id=row.pk, kind="unsubscribed").exists():
        record_response(party, kind="unsubscribed", touch=row.touch, subject=evidence, ref=("delivery", row.pk), by=by)
    return row


def end_letters(row: Delivery, party: Party | None, *, reason: str, evidence: str, by: Actor) -> None:
    """Stop offers and letters of the delivery's purpose to its address, and take the consent as withdrawn."""
    for purpose in dict.fromkeys([Purpose.MARKETING, Purpose(row.about)]):
        suppress_address(row.address, reason=reason, purpose=purpose, evidence=evidence, by=by)
        if party is not None and consent_state([party.pk], row.over, purpose).get(party.pk) != ConsentState.WITHDRAWN:
            record_consent(
                party,
                channel=row.over,
                purpose=purpose,
                state=ConsentState.WITHDRAWN,
                source=evidence,
                evidence={"delivery": row.pk},
                by=by,
            )


def receiver(tenant: int) -> Actor:
    """Return the actor of what a receiver does himself."""
    actor = system_actor(tenant, _("the receiver"))
    return Actor(tenant=actor.tenant, label=actor.label, kind="customer", everything=True)
