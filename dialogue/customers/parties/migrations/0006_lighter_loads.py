"""Contacts and addresses have their customer checked once a statement; customers without a responsible leave his index."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from dialogue.platform.embedded.operations import FencedSetKey


class Migration(migrations.Migration):
    dependencies: ClassVar = [("parties", "0005_versions_for_the_warehouse")]

    operations: ClassVar = [
        FencedSetKey("ContactPoint", "party", many=True),
        FencedSetKey("Address", "party", many=True),
        migrations.RemoveIndex(model_name="party", name="party_responsible"),
        migrations.AddIndex(
            model_name="party",
            index=models.Index(
                fields=["tenant_id", "responsible", "name_sort", "id"],
                name="party_responsible",
                condition=models.Q(responsible__isnull=False),
            ),
        ),
    ]
