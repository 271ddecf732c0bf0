"""The second fence of tasks."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("tasks", "0001_what_is_to_be_done")]
    operations: ClassVar = [Fence("Task"), FencedKey("Task", "party")]
