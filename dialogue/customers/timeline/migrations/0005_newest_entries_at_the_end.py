"""The index of the newest entries grows at its end: half-empty pages at its beginning cost each entry thirty bytes."""

from typing import ClassVar

from django.db import migrations, models

TURN = "DROP INDEX timeline_newest; CREATE INDEX timeline_newest ON timeline_entry (tenant_id, at, id)"
BACK = "DROP INDEX timeline_newest; CREATE INDEX timeline_newest ON timeline_entry (tenant_id, at DESC, id DESC)"


class Migration(migrations.Migration):
    """PostgreSQL reads an index from either end."""

    dependencies: ClassVar = [("timeline", "0004_versions_for_the_warehouse")]
    operations: ClassVar = [
        migrations.RunSQL(
            TURN,
            BACK,
            state_operations=[
                migrations.RemoveIndex("entry", "timeline_newest"),
                migrations.AddIndex("entry", models.Index(fields=["tenant_id", "at", "id"], name="timeline_newest")),
            ],
        )
    ]
