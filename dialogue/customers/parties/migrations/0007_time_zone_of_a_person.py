"""A person may live in another time zone than his country or the company."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("parties", "0006_lighter_loads")]

    operations: ClassVar = [
        migrations.AddField(
            "party",
            "time_zone",
            models.CharField(blank=True, default="", max_length=60, verbose_name="time zone"),
            preserve_default=False,
        ),
    ]
