"""What campaigns do when a room speaks."""

from dialogue.customers.channels.signals import MailingFact, mailing_moved
from dialogue.customers.parties.signals import PartyFact, party_binned
from dialogue.marketing.campaigns.actions import ENTITY, follow_merge
from dialogue.marketing.campaigns.launching import follow_mailing
from dialogue.marketing.campaigns.letters import CAUSE
from dialogue.marketing.campaigns.signals import CampaignFact, campaign_changed
from dialogue.platform.search.indexing import index_records


@party_binned.listen
def keep_merged(fact: PartyFact) -> None:
    """Leave the customer of two merged records in the runs of both."""
    if fact.party.merged_into:
        follow_merge(fact.party.pk, fact.party.merged_into)


@campaign_changed.listen
def find_changed(fact: CampaignFact) -> None:
    """Let search find a campaign by its new name."""
    index_records(ENTITY, [fact.campaign.pk])


@mailing_moved.listen
def follow(fact: MailingFact) -> None:
    """Let a campaign stand as its mailing does."""
    if fact.mailing.cause_kind == CAUSE:
        follow_mailing(fact.mailing, fact.by)
