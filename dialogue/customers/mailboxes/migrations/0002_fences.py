"""The second fence of mailboxes."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("mailboxes", "0001_what_comes_back_by_mail")]
    operations: ClassVar = [
        Fence("Mailbox"),
        Fence("Incoming"),
        FencedKey("Incoming", "mailbox"),
        FencedKey("Incoming", "party"),
    ]
