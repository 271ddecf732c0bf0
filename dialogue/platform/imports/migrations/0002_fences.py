"""The second fence of imports."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and company-carrying keys."""

    dependencies: ClassVar = [("imports", "0001_imports_with_their_journal")]
    operations: ClassVar = [
        Fence("ImportProfile"),
        Fence("Import"),
        Fence("ImportRow"),
        Fence("ImportChange"),
        FencedKey("ImportRow", "run", on_delete="CASCADE"),
        FencedKey("ImportChange", "run", on_delete="CASCADE"),
    ]
