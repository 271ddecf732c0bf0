"""What may be done with coupons."""

from __future__ import annotations

from enum import StrEnum


class PromotionPermission(StrEnum):
    """Verbs over coupons."""

    READ = "promotions:coupon:read"
    WRITE = "promotions:coupon:write"
