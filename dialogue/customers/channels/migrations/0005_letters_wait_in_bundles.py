"""Letters of mailings wait in bundles; each gets its own row once, when its outcome is known."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import dialogue.kit.scope
from dialogue.platform.embedded.operations import Fence, FencedKey

# What waits and was never tried moves into bundles, under the ids it has: they may stand in nothing yet, but cost nothing.
BUNDLE = """
WITH waiting AS (
  DELETE FROM channels_delivery WHERE mailing_id IS NOT NULL AND state IN ('planned', 'reserved') AND attempts = 0
    AND touch IS NULL AND due_at IS NOT NULL
  RETURNING *),
numbered AS (
  SELECT *, (row_number() OVER (PARTITION BY tenant_id, mailing_id, state, due_at ORDER BY id) - 1) / 100 AS bundle FROM waiting)
INSERT INTO channels_bundle (tenant_id, mailing_id, state, stayed, due_at, size, letters, parties, addresses, variants)
SELECT tenant_id, mailing_id, state, false, due_at, count(*), array_agg(id ORDER BY id), array_agg(party_id ORDER BY id),
  array_agg(address::text ORDER BY id), array_agg(variant::text ORDER BY id)
FROM numbered GROUP BY tenant_id, mailing_id, state, due_at, bundle ORDER BY due_at, bundle
"""
# What is handed over now becomes unknown, as after a lost worker.
UNBUNDLE = """
INSERT INTO channels_delivery (id, tenant_id, mailing_id, party_id, due_at, settled_at, code, attempts, stayed, variant, state,
  address, reason, answer) OVERRIDING SYSTEM VALUE
SELECT w.letter, b.tenant_id, b.mailing_id, w.party, CASE WHEN b.state <> 'handed' THEN b.due_at END,
  CASE WHEN b.state = 'handed' THEN now() END, 0, 0, b.stayed, w.variant,
  CASE WHEN b.state = 'handed' THEN 'unknown' ELSE b.state END, w.address, '', ''
FROM channels_bundle b, unnest(b.letters, b.parties, b.addresses, b.variants) w (letter, party, address, variant)
"""
# Keys are checked at commit; a table with checks outstanding takes no index and is not dropped.
CHECKED = "SET CONSTRAINTS ALL IMMEDIATE"
# A bundle lives for two versions and is gone: tidied at once, their room serves the next ones.
OFTEN = """
ALTER TABLE channels_bundle SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
    autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);
ALTER TABLE channels_delivery SET (autovacuum_vacuum_insert_scale_factor = 0.2);
ALTER INDEX channels_delivery_pkey SET (fillfactor = 100)
"""
USUAL = """
ALTER TABLE channels_delivery RESET (autovacuum_vacuum_insert_scale_factor);
ALTER INDEX channels_delivery_pkey RESET (fillfactor)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0004_tidy_deliveries_often"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bundle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.BigIntegerField(default=dialogue.kit.scope.current_tenant, editable=False)),
                ("due_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(null=True)),
                ("size", models.PositiveSmallIntegerField()),
                ("stayed", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "waiting to go"),
                            ("reserved", "reserved"),
                            ("claimed", "being prepared"),
                            ("handed", "being handed over"),
                            ("accepted", "delivered"),
                            ("deferred", "put off by the server"),
                            ("refused", "refused by the server"),
                            ("unknown", "outcome unknown"),
                            ("cancelled", "not sent"),
                        ],
                        default="planned",
                        max_length=9,
                    ),
                ),
                ("letters", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("parties", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                (
                    "addresses",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=254), size=None),
                ),
                (
                    "variants",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8, null=True), size=None),
                ),
                (
                    "mailing",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bundles",
                        to="channels.mailing",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "handed"), _negated=True),
                        fields=["tenant_id", "mailing", "due_at", "id"],
                        name="bundle_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "handed")), fields=["tenant_id", "lease_until"], name="bundle_held"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "reserved", "handed"])), name="bundle_state_known"
                    )
                ],
            },
        ),
        Fence("Bundle"),
        FencedKey("Bundle", "mailing"),
        migrations.RunSQL(OFTEN, USUAL),
        migrations.RunSQL(migrations.RunSQL.noop, CHECKED),
        migrations.RunSQL(BUNDLE, UNBUNDLE),
        migrations.RunSQL(CHECKED, migrations.RunSQL.noop),
    ]
