"""Where tables were versioned by an index over all their rows, leave the rows a refresh can ask for."""

from typing import ClassVar

from django.db import migrations

LEANER = """
DO $$ DECLARE found record; BEGIN
    FOR found IN
        SELECT indexname, tablename FROM pg_catalog.pg_indexes
        WHERE schemaname = 'public' AND indexname = tablename || '_version' AND indexdef NOT LIKE '% WHERE %'
          AND tablename <> 'warehouse_tombstone'
    LOOP
        EXECUTE format('DROP INDEX public.%I', found.indexname);
        EXECUTE format(
            'CREATE INDEX %I ON public.%I (tenant_id, version) WHERE version > ''0''::xid8', found.indexname, found.tablename
        );
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    """`Versioned` has made the index so since; a company begun before has the other one (see there why)."""

    dependencies: ClassVar = [("warehouse", "0001_versions_and_tombstones")]
    operations: ClassVar = [migrations.RunSQL(LEANER, migrations.RunSQL.noop)]
