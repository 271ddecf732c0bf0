"""The warehouse follows these tables."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Versioned


class Migration(migrations.Migration):
    """Versions and tombstones."""

    dependencies: ClassVar = [("parties", "0004_keep_merged"), ("warehouse", "0001_versions_and_tombstones")]
    operations: ClassVar = [
        Versioned("Party"),
        Versioned("ContactPoint"),
        Versioned("PartyTag"),
        Versioned("RelationType"),
        Versioned("PartyRelation"),
        Versioned("Consent"),
    ]
