"""Fewer bytes an entry: entries of one moment share a key in the index of the newest, and the moment alone orders a customer's."""

from typing import ClassVar

from django.db import migrations, models

# Entries of one moment are put in the order of their ids by a sort of those few.
TURN = """
DROP INDEX timeline_newest;
CREATE INDEX timeline_newest ON timeline_entry (tenant_id, at);
DROP INDEX timeline_of_party;
CREATE INDEX timeline_of_party ON timeline_entry (tenant_id, party_id, at DESC)
"""
BACK = """
DROP INDEX timeline_newest;
CREATE INDEX timeline_newest ON timeline_entry (tenant_id, at, id);
DROP INDEX timeline_of_party;
CREATE INDEX timeline_of_party ON timeline_entry (tenant_id, party_id, at DESC, id DESC)
"""
# Ids only grow: no room is kept between them.
FULL = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT i.inhrelid::regclass AS name FROM pg_inherits i WHERE i.inhparent = 'timeline_entry_pkey'::regclass LOOP
        EXECUTE format('ALTER INDEX %s SET (fillfactor = 100)', one.name);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    """Two indexes made anew, one told to fill its pages."""

    dependencies: ClassVar = [("timeline", "0005_newest_entries_at_the_end")]
    operations: ClassVar = [
        migrations.RunSQL(
            TURN,
            BACK,
            state_operations=[
                migrations.RemoveIndex("entry", "timeline_newest"),
                migrations.AddIndex("entry", models.Index(fields=["tenant_id", "at"], name="timeline_newest")),
                migrations.RemoveIndex("entry", "timeline_of_party"),
                migrations.AddIndex("entry", models.Index(fields=["tenant_id", "party", "-at"], name="timeline_of_party")),
            ],
        ),
        migrations.RunSQL(FULL, migrations.RunSQL.noop),
    ]
