"""The second fence of the catalogue."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence


class Migration(migrations.Migration):
    """Row security."""

    dependencies: ClassVar = [("catalog", "0001_products")]
    operations: ClassVar = [Fence("Product")]
