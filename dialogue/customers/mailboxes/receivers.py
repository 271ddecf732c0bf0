"""What mailboxes do when a room speaks."""

from dialogue.customers.mailboxes.forgetting import forget_addresses
from dialogue.customers.parties.signals import PartyGone, party_gone


@party_gone.listen
def forget_messages(fact: PartyGone) -> None:
    """Let the messages of nobody that name a customer go with him."""
    forget_addresses(fact.emails, of=fact.party.pk)
