"""What entries are found by: a table of words with an index of trigrams, filled, and true whoever deletes entries."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

import dialogue.kit.scope
from dialogue.platform.embedded.operations import Fence
from dialogue.platform.search.latin import LONGEST_FOUND, grams, in_latin

BATCH = 5000
FORGET = """
CREATE FUNCTION public.forget_entry_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM public.timeline_entrywords w USING gone WHERE w.tenant_id = gone.tenant_id AND w.entry = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_entry_words AFTER DELETE ON timeline_entry REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION public.forget_entry_words()
"""
KEEP = (
    "INSERT INTO timeline_entrywords (tenant_id, entry, found, grams) SELECT tenant_id, entry, found, grams::integer[]"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS new(tenant_id, entry, found, grams)"
)


def write_words(apps: Any, schema_editor: Any) -> None:
    """Write the words of the entries that are there."""
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT id, tenant_id, subject, body FROM timeline_entry WHERE id > %s ORDER BY id LIMIT %s", [last, BATCH]
            )
            rows = cursor.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            kept = [
                (tenant, pk, in_latin(f"{subject} {body or ''}".strip())[:LONGEST_FOUND]) for pk, tenant, subject, body in rows
            ]
            written = [(tenant, pk, found, grams(tenant, found)) for tenant, pk, found in kept if found]
            if written:
                cursor.execute(KEEP, [*map(list, zip(*written, strict=True))])


class Migration(migrations.Migration):
    """The table, its fence, its rows and its trigger."""

    dependencies: ClassVar = [("timeline", "0002_fences"), ("search", "0004_letters_written_in_python")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="EntryWords",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.BigIntegerField(default=dialogue.kit.scope.current_tenant, editable=False)),
                ("entry", models.BigIntegerField()),
                ("found", models.TextField(blank=True)),
                ("grams", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), default=list, size=None)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("tenant_id", "entry"), name="entry_words_once")]},
        ),
        migrations.RunPython(write_words, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="entrywords",
            index=django.contrib.postgres.indexes.GinIndex(fields=["grams"], name="entry_words_grams"),
        ),
        Fence("EntryWords"),
        migrations.RunSQL(
            FORGET, "DROP TRIGGER forget_entry_words ON timeline_entry; DROP FUNCTION public.forget_entry_words()"
        ),
    ]
