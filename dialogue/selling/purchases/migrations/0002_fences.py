"""The second fence of purchases."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("purchases", "0001_purchases_with_lines")]
    operations: ClassVar = [
        Fence("Purchase"),
        Fence("PurchaseLine"),
        FencedKey("Purchase", "party"),
        FencedKey("PurchaseLine", "purchase", on_delete="CASCADE"),
        FencedKey("PurchaseLine", "product"),
    ]
