"""A list ordered and filtered by budget counts and sums from the index alone."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The currency stands in the index beside the budget."""

    dependencies: ClassVar = [("deals", "0005_versions_for_the_warehouse")]
    operations: ClassVar = [
        migrations.RemoveIndex(model_name="deal", name="deal_budget"),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                fields=["tenant_id", "budget", "id"],
                include=["currency"],
                name="deal_budget",
                condition=models.Q(deleted_at__isnull=True),
            ),
        ),
    ]
