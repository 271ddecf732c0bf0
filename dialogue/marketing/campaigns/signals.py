"""What campaigns tell the rooms above."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.kit.actors import Actor
from dialogue.kit.signals import Event
from dialogue.marketing.campaigns.models import Campaign, Run


@dataclass(frozen=True)
class CampaignFact:
    """One campaign changed, or moved to another state."""

    campaign: Campaign
    by: Actor


@dataclass(frozen=True)
class LaunchFact:
    """A campaign was launched: its people are frozen."""

    campaign: Campaign
    run: Run
    by: Actor


campaign_changed: Event[CampaignFact] = Event("campaigns.changed")
campaign_launched: Event[LaunchFact] = Event("campaigns.launched")
