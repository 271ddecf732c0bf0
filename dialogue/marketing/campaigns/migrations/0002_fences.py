"""The second fence of campaigns, what forgets frozen people who are deleted for good, and the rights of built-in roles."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey

# Per statement, whoever deletes customers: frozen people hold bare ids, so that a freeze checks no key a row.
FORGET = """
CREATE FUNCTION public.forget_campaign_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM public.campaigns_person p USING gone WHERE p.tenant_id = gone.tenant_id AND p.party_id = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_campaign_people AFTER DELETE ON parties_party REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION public.forget_campaign_people()
"""
KEEP = "DROP TRIGGER forget_campaign_people ON parties_party; DROP FUNCTION public.forget_campaign_people()"
# Companies made before there were campaigns: their built-in roles get what new companies' have.
GRANT = """
UPDATE accounts_role SET permissions = permissions || ARRAY['campaigns:campaign:read', 'campaigns:campaign:write',
    'campaigns:campaign:launch', 'policy:write']::varchar[]
    WHERE code IN ('administrator', 'manager', 'marketer') AND NOT 'campaigns:campaign:read' = ANY(permissions);
UPDATE accounts_role SET permissions = permissions || ARRAY['campaigns:campaign:read']::varchar[]
    WHERE code = 'employee' AND NOT 'campaigns:campaign:read' = ANY(permissions)
"""
MODELS = ("Campaign", "CampaignSegment", "CostLine", "Content", "Run", "Person")


class Migration(migrations.Migration):
    """Row security, keys that carry the company, the trigger, the rights."""

    dependencies: ClassVar = [("campaigns", "0001_who_was_reached"), ("accounts", "0002_fences"), ("mail", "0002_fences")]
    operations: ClassVar = [
        *(Fence(model) for model in MODELS),
        FencedKey("Campaign", "identity"),
        FencedKey("CampaignSegment", "campaign"),
        FencedKey("CampaignSegment", "segment"),
        FencedKey("CostLine", "campaign"),
        FencedKey("Content", "campaign"),
        FencedKey("Run", "campaign"),
        migrations.RunSQL(FORGET, KEEP),
        migrations.RunSQL(GRANT, migrations.RunSQL.noop),
    ]
