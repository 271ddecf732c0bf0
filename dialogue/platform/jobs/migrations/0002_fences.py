"""The second fence of jobs."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence


class Migration(migrations.Migration):
    """Row security and company-carrying keys."""

    dependencies: ClassVar = [("jobs", "0001_first")]
    operations: ClassVar = [
        Fence("Job"),
    ]
