"""An index of a fifth of a byte an entry finds the few of a rare kind among millions (decision 0050)."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations

BLOOM = "text_bloom_ops(n_distinct_per_range=16, false_positive_rate=0.05)"
FIND = f"""
CREATE INDEX timeline_by_kind ON timeline_entry USING brin (
    tenant_id int8_minmax_ops, kind {BLOOM}, way {BLOOM}, side {BLOOM}, by int8_minmax_multi_ops(values_per_range=8)
) WITH (pages_per_range = 8)
"""
# Pages that no VACUUM has seen since they were written are read by every question.
OFTEN = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT inhrelid::regclass AS name FROM pg_inherits WHERE inhparent = 'timeline_entry'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_insert_scale_factor = 0.02)', one.name);
    END LOOP;
END $$
"""
# Customers come at the end; room for a tenth of an entry more keeps no page from splitting. This pays for the new index.
FULL = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT inhrelid::regclass AS name FROM pg_inherits WHERE inhparent = 'timeline_of_party'::regclass LOOP
        EXECUTE format('ALTER INDEX %s SET (fillfactor = 96)', one.name);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    """The index, room for it, and VACUUM after each fiftieth that is new."""

    dependencies: ClassVar = [("timeline", "0006_narrow_indexes")]
    operations: ClassVar = [
        migrations.RunSQL(
            FIND,
            "DROP INDEX timeline_by_kind",
            state_operations=[
                migrations.AddIndex(
                    "entry",
                    BrinIndex(
                        fields=["tenant_id", "kind", "way", "side", "by"],
                        name="timeline_by_kind",
                        opclasses=["int8_minmax_ops", BLOOM, BLOOM, BLOOM, "int8_minmax_multi_ops(values_per_range=8)"],
                        pages_per_range=8,
                    ),
                )
            ],
        ),
        migrations.RunSQL([OFTEN, FULL], migrations.RunSQL.noop),
    ]
