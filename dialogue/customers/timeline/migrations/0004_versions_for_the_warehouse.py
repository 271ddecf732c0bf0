"""The warehouse follows these tables."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Versioned


class Migration(migrations.Migration):
    """Versions and tombstones."""

    dependencies: ClassVar = [("timeline", "0003_words_of_entries"), ("warehouse", "0001_versions_and_tombstones")]
    operations: ClassVar = [Versioned("Entry")]
