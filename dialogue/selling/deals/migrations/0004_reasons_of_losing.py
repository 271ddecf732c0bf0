"""Reasons of losing that a company keeps, and a lost deal's own one."""

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import dialogue.kit.scope
from dialogue.platform.embedded.operations import Fence, FencedKey


class Migration(migrations.Migration):
    """The list, its fence, and the key."""

    dependencies: ClassVar = [
        ("deals", "0003_order_by_alphabet_and_remember_the_board"),
        ("parties", "0004_keep_merged"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="deal",
            name="lost_reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="reason in own words"),
        ),
        migrations.CreateModel(
            name="LossReason",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.BigIntegerField(default=dialogue.kit.scope.current_tenant, editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at__isnull", True)),
                        fields=("tenant_id", "name"),
                        name="loss_reason_name_once",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="deal",
            name="loss",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="deals.lossreason",
                verbose_name="reason of the loss",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(condition=models.Q(("loss__isnull", False)), fields=["tenant_id", "loss"], name="deal_loss"),
        ),
        Fence("LossReason"),
        FencedKey("Deal", "loss"),
    ]
