"""Mailings: what letters to many have in common; deliveries become rows of at most 200 bytes with their indexes."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import dialogue.kit.scope
from dialogue.platform.embedded.operations import Fence, FencedKey, FencedSetKey

ASIDE = """
ALTER TABLE channels_delivery RENAME TO channels_delivery_old;
ALTER SEQUENCE channels_delivery_id_seq RENAME TO channels_delivery_old_id_seq;
ALTER TABLE channels_delivery_old DROP CONSTRAINT channels_delivery_pkey, DROP CONSTRAINT delivery_cause_once,
    DROP CONSTRAINT delivery_state_known, DROP CONSTRAINT channels_delivery_party_fenced,
    DROP CONSTRAINT channels_delivery_message_fenced, DROP CONSTRAINT channels_delivery_identity_fenced;
DROP INDEX delivery_due, delivery_newest, delivery_of_party;
"""
# The columns stand in the order of their width, so that no room is lost between them.
OVER = """
INSERT INTO channels_delivery (id, tenant_id, party_id, message_id, identity_id, touch, due_at, lease_until, settled_at, code,
    attempts, stayed, channel, purpose, state, address, reason, answer) OVERRIDING SYSTEM VALUE
SELECT id, tenant_id, party_id, message_id, identity_id, touch,
    CASE WHEN state IN ('planned', 'reserved', 'deferred', 'claimed', 'handed') THEN due_at END, lease_until, settled_at, code,
    attempts, stayed, channel, purpose, state, address, reason, answer FROM channels_delivery_old;
-- Keys are checked at commit; a table with checks outstanding takes no index.
SET CONSTRAINTS ALL IMMEDIATE;
SELECT setval(pg_get_serial_sequence('channels_delivery', 'id'),
    greatest((SELECT coalesce(max(id), 1) FROM channels_delivery), (SELECT last_value FROM channels_delivery_old_id_seq)));
DROP TABLE channels_delivery_old;
"""


class Migration(migrations.Migration):
    """Set the old table aside, make the new ones, take the rows over."""

    dependencies = [("channels", "0002_fences"), ("mail", "0003_confirm_sender_addresses"), ("parties", "0002_fences")]

    operations = [
        migrations.CreateModel(
            name="Mailing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.BigIntegerField(default=dialogue.kit.scope.current_tenant, editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                ("cause_kind", models.CharField(max_length=20)),
                ("cause_id", models.BigIntegerField()),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("source", models.BigIntegerField(null=True)),
                (
                    "identity",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="mail.senderidentity",
                    ),
                ),
                (
                    "lane",
                    models.CharField(choices=[("own", "own letters"), ("bulk", "campaigns")], default="bulk", max_length=4),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "e-mail"),
                            ("call", "calls"),
                            ("sms", "text messages"),
                            ("messenger", "messengers"),
                            ("post", "letters by post"),
                        ],
                        default="email",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("marketing", "offers and news"),
                            ("service", "service of what was bought"),
                            ("research", "surveys and research"),
                            ("profiling", "personal analysis"),
                        ],
                        default="marketing",
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "prepared"),
                            ("canary", "trying a small part"),
                            ("going", "going"),
                            ("paused", "paused"),
                            ("done", "all gone"),
                            ("cancelled", "stopped"),
                        ],
                        default="planned",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("letters", models.PositiveIntegerField(default=0, verbose_name="letters")),
                ("canary", models.PositiveSmallIntegerField(default=1)),
                ("canary_minutes", models.PositiveSmallIntegerField(default=15)),
                ("canary_letters", models.PositiveIntegerField(default=0)),
                ("canary_until", models.DateTimeField(null=True)),
                ("canary_passed", models.BooleanField(default=False)),
                ("paused_why", models.CharField(blank=True, max_length=40)),
                ("paused_words", models.CharField(blank=True, max_length=300)),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
            ],
            options={
                "indexes": [models.Index(fields=["tenant_id", "-id"], name="mailing_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "cause_kind", "cause_id"), name="mailing_cause_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "canary", "going", "paused", "done", "cancelled"])),
                        name="mailing_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DomainPace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.BigIntegerField(default=dialogue.kit.scope.current_tenant, editable=False)),
                ("domain", models.CharField(max_length=253)),
                ("next_at", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("words", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("tenant_id", "domain"), name="domain_pace_once")],
                "indexes": [],
            },
        ),
        migrations.RunSQL(ASIDE, migrations.RunSQL.noop, state_operations=[migrations.DeleteModel("Delivery")]),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.BigIntegerField(default=dialogue.kit.scope.current_tenant, editable=False)),
                (
                    "party",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="parties.party",
                    ),
                ),
                (
                    "mailing",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="channels.mailing",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="channels.message",
                    ),
                ),
                (
                    "identity",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="mail.senderidentity",
                    ),
                ),
                ("touch", models.BigIntegerField(null=True)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now, null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("code", models.PositiveSmallIntegerField(default=0)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("stayed", models.BooleanField(default=False)),
                ("variant", models.CharField(max_length=8, null=True)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "e-mail"),
                            ("call", "calls"),
                            ("sms", "text messages"),
                            ("messenger", "messengers"),
                            ("post", "letters by post"),
                        ],
                        max_length=10,
                        null=True,
                        verbose_name="channel",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("marketing", "offers and news"),
                            ("service", "service of what was bought"),
                            ("research", "surveys and research"),
                            ("profiling", "personal analysis"),
                        ],
                        max_length=10,
                        null=True,
                        verbose_name="purpose",
                    ),
                ),
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
                        verbose_name="state",
                    ),
                ),
                ("address", models.CharField(max_length=254, verbose_name="address")),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("answer", models.CharField(blank=True, max_length=500, verbose_name="answer of the server")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["planned", "reserved", "deferred"])),
                        fields=["tenant_id", "mailing", "due_at", "id"],
                        name="delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("lease_until__isnull", False)),
                        fields=["tenant_id", "lease_until"],
                        name="delivery_held",
                    ),
                    models.Index(
                        condition=models.Q(("mailing__isnull", False)),
                        fields=["tenant_id", "mailing", "state"],
                        name="delivery_of_mailing",
                    ),
                    models.Index(
                        condition=models.Q(("mailing__isnull", True)), fields=["tenant_id", "-id"], name="delivery_newest"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "party", "mailing"), name="delivery_of_mailing_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("message__isnull", False)),
                        fields=("tenant_id", "message", "party"),
                        name="delivery_of_message_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "planned",
                                    "reserved",
                                    "claimed",
                                    "handed",
                                    "accepted",
                                    "deferred",
                                    "refused",
                                    "unknown",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="delivery_state_known",
                    ),
                ],
            },
        ),
        Fence("Mailing"),
        Fence("DomainPace"),
        Fence("Delivery"),
        FencedKey("Mailing", "identity"),
        FencedKey("Delivery", "party"),
        FencedKey("Delivery", "message"),
        FencedKey("Delivery", "identity"),
        FencedKey("Delivery", "mailing"),
        FencedSetKey("Delivery", "mailing"),
        migrations.RunSQL(OVER, migrations.RunSQL.noop),
    ]
