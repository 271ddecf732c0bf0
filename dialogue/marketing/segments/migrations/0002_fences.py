"""The second fence of segments, what forgets memberships of deleted customers, and the rights of built-in roles."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey

# Per statement, whoever deletes customers: memberships hold bare ids, so that a rebuild checks no key a row.
FORGET = """
CREATE FUNCTION public.forget_memberships() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM public.segments_membership m USING gone WHERE m.tenant_id = gone.tenant_id AND m.party_id = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_memberships AFTER DELETE ON parties_party REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION public.forget_memberships()
"""
KEEP = "DROP TRIGGER forget_memberships ON parties_party; DROP FUNCTION public.forget_memberships()"
# Companies made before there were segments: their built-in roles get what new companies' have.
GRANT = """
UPDATE accounts_role SET permissions = permissions || ARRAY['segments:segment:read', 'segments:segment:write']::varchar[]
    WHERE code IN ('administrator', 'manager', 'marketer') AND NOT 'segments:segment:read' = ANY(permissions);
UPDATE accounts_role SET permissions = permissions || ARRAY['segments:segment:read']::varchar[]
    WHERE code = 'employee' AND NOT 'segments:segment:read' = ANY(permissions)
"""
MODELS = ("Segment", "SegmentVersion", "Membership", "HandPick", "SegmentDay")


class Migration(migrations.Migration):
    """Row security, keys that carry the company, the trigger, the rights."""

    dependencies: ClassVar = [("segments", "0001_whom_to_speak_to"), ("accounts", "0002_fences")]
    operations: ClassVar = [
        *(Fence(model) for model in MODELS),
        FencedKey("SegmentVersion", "segment"),
        FencedKey("HandPick", "segment"),
        FencedKey("HandPick", "party"),
        FencedKey("SegmentDay", "segment"),
        migrations.RunSQL(FORGET, KEEP),
        migrations.RunSQL(GRANT, migrations.RunSQL.noop),
    ]
