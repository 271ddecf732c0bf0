"""The warehouse follows stored membership."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Versioned


class Migration(migrations.Migration):
    """Versions and tombstones."""

    dependencies: ClassVar = [("segments", "0002_fences"), ("warehouse", "0001_versions_and_tombstones")]
    operations: ClassVar = [Versioned("Membership")]
