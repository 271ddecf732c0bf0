"""The journal's key to its import, checked once a statement."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import FencedSetKey


class Migration(migrations.Migration):
    """A batch of thousands of rows points at one import: row after row, the check cost a tenth of the whole load."""

    dependencies: ClassVar = [("imports", "0002_fences")]
    operations: ClassVar = [FencedSetKey("ImportRow", "run"), FencedSetKey("ImportChange", "run")]
