"""What campaigns tell the rooms above."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event
from dialogue.marketing.campaigns.models import Campaign, Run


@frozen
class CampaignFact:
    """One campaign changed, or moved to another state."""

    campaign: Campaign
    by: Actor


@frozen
class LaunchFact:
    """A campaign was launched: its people are frozen."""

    campaign: Campaign
    run: Run
    by: Actor


campaign_changed: Event[CampaignFact] = Event("campaigns.changed")
campaign_launched: Event[LaunchFact] = Event("campaigns.launched")
