"""The second fence of tenants."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence


class Migration(migrations.Migration):
    """Row security and company-carrying keys."""

    dependencies: ClassVar = [("tenants", "0001_first")]
    operations: ClassVar = [
        Fence("Tenant", column="id", door=True),
    ]
