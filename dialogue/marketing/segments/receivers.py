"""What segments do when a room speaks."""

from dialogue.customers.parties.signals import PartyFact, party_binned
from dialogue.marketing.segments.actions import follow_merge


@party_binned.listen
def keep_merged(fact: PartyFact) -> None:
    """Leave the customer of two merged records in the segments of both."""
    if fact.party.merged_into:
        follow_merge(fact.party.pk, fact.party.merged_into)
