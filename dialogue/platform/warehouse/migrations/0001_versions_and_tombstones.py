"""The tables of the warehouse, and what `Versioned` puts on the tables of others."""

import uuid
from typing import ClassVar

from django.db import migrations, models

import dialogue.kit.scope
from dialogue.platform.embedded.operations import Fence

STAMP = """
CREATE FUNCTION public.stamp_version() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.version := pg_catalog.pg_current_xact_id();
    RETURN NEW;
END $$
"""
LEAVE = """
CREATE FUNCTION public.leave_tombstones() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.warehouse_tombstone (tenant_id, of_table, "row") SELECT tenant_id, TG_TABLE_NAME, id FROM gone;
    RETURN NULL;
END $$
"""
COLUMN = "ALTER TABLE warehouse_tombstone ADD COLUMN version xid8 NOT NULL DEFAULT pg_current_xact_id()"
INDEX = "CREATE INDEX warehouse_tombstone_version ON warehouse_tombstone (tenant_id, version)"
KEY = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
TENANT = ("tenant_id", models.BigIntegerField(default=dialogue.kit.scope.current_tenant, editable=False))


class Migration(migrations.Migration):
    """Tombstones, lives, fences and the two trigger functions."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="Tombstone",
            fields=[KEY, TENANT, ("of_table", models.CharField(max_length=63)), ("row", models.BigIntegerField())],
        ),
        migrations.CreateModel(
            name="Life",
            fields=[KEY, TENANT, ("epoch", models.UUIDField(default=uuid.uuid4))],
            options={"constraints": [models.UniqueConstraint(fields=["tenant_id"], name="warehouse_life_once")]},
        ),
        migrations.RunSQL([COLUMN, INDEX], migrations.RunSQL.noop),
        migrations.RunSQL(STAMP, "DROP FUNCTION public.stamp_version()"),
        migrations.RunSQL(LEAVE, "DROP FUNCTION public.leave_tombstones()"),
        Fence("Tombstone"),
        Fence("Life"),
    ]
