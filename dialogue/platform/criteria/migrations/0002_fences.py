"""The second fence of criteria."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence


class Migration(migrations.Migration):
    """Row security."""

    dependencies: ClassVar = [("criteria", "0001_characteristics")]
    operations: ClassVar = [Fence("Characteristic")]
