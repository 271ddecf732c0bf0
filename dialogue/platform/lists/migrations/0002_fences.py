"""The second fence of lists."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence


class Migration(migrations.Migration):
    """Row security."""

    dependencies: ClassVar = [("lists", "0001_views_and_bulk_edits")]
    operations: ClassVar = [Fence("SavedView"), Fence("ListState"), Fence("BulkEdit")]
