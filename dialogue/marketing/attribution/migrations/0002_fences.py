"""The second fence of attribution."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and a key that carries the company."""

    dependencies: ClassVar = [("attribution", "0001_what_brought_it")]
    operations: ClassVar = [Fence("Attribution"), FencedKey("Attribution", "party")]
