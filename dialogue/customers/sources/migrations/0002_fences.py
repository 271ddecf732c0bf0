"""The second fence of sources."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("sources", "0001_first")]
    operations: ClassVar = [Fence("Source"), FencedKey("Source", "parent")]
