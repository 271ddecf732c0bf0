"""What segments do when a room speaks."""

from dialogue.customers.parties.signals import PartyFact, party_binned
from dialogue.marketing.segments.actions import follow_merge
from dialogue.marketing.segments.fields import ENTITY
from dialogue.marketing.segments.signals import SegmentFact, segment_changed
from dialogue.platform.search.indexing import index_records


@party_binned.listen
def keep_merged(fact: PartyFact) -> None:
    """Leave the customer of two merged records in the segments of both."""
    if fact.party.merged_into:
        follow_merge(fact.party.pk, fact.party.merged_into)


@segment_changed.listen
def find_changed(fact: SegmentFact) -> None:
    """Let search find a segment by its new name."""
    index_records(ENTITY, [fact.segment.pk])
