"""Each letter leaves two dead versions of its row: tidied early, their room serves the next letters."""

from typing import ClassVar

from django.db import migrations

OFTEN = """
ALTER TABLE channels_delivery SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)
"""
USUAL = """
ALTER TABLE channels_delivery RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor, autovacuum_vacuum_cost_delay)
"""


class Migration(migrations.Migration):
    """Settings of one table."""

    dependencies: ClassVar = [("channels", "0003_mailings_and_narrow_deliveries")]
    operations: ClassVar = [migrations.RunSQL(OFTEN, USUAL)]
