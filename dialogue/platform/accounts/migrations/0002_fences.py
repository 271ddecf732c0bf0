"""The second fence of accounts."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """Row security and company-carrying keys."""

    dependencies: ClassVar = [("accounts", "0001_first"), ("tenants", "0002_fences")]
    operations: ClassVar = [
        Fence("Team"),
        Fence("Role"),
        Fence("Membership", door=True),
        Fence("MembershipRole"),
        Fence("ApiKey", door=True),
        FencedKey("Membership", "team"),
        FencedKey("MembershipRole", "membership", on_delete="CASCADE"),
        FencedKey("MembershipRole", "role", on_delete="CASCADE"),
        migrations.RunSQL(
            "CREATE UNLOGGED TABLE dialogue_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL,"
            " expires timestamptz NOT NULL); CREATE INDEX dialogue_cache_expires ON dialogue_cache (expires)",
            "DROP TABLE dialogue_cache",
        ),
    ]
