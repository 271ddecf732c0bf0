"""The second fence of search."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence


class Migration(migrations.Migration):
    """Row security."""

    dependencies: ClassVar = [("search", "0001_search_entries")]
    operations: ClassVar = [Fence("SearchEntry")]
