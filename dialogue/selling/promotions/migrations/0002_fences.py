"""The second fence of coupons."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("promotions", "0001_coupons_and_their_uses")]
    operations: ClassVar = [
        Fence("Series"),
        Fence("Coupon"),
        Fence("Use"),
        FencedKey("Coupon", "series"),
        FencedKey("Coupon", "party"),
        FencedKey("Use", "series"),
        FencedKey("Use", "coupon"),
        FencedKey("Use", "party"),
    ]
