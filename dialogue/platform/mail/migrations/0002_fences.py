"""The second fence of mail."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence


class Migration(migrations.Migration):
    """Row security; letters of the installation itself belong to no company."""

    dependencies: ClassVar = [("mail", "0001_first")]
    operations: ClassVar = [Fence("MailServer"), Fence("SenderIdentity"), Fence("StoredLetter")]
