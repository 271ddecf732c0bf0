"""What may be done with campaigns."""

from __future__ import annotations

from enum import StrEnum

KIND = "campaign"


class CampaignPermission(StrEnum):
    """Verbs over campaigns."""

    READ = "campaigns:campaign:read"
    WRITE = "campaigns:campaign:write"
    LAUNCH = "campaigns:campaign:launch"
