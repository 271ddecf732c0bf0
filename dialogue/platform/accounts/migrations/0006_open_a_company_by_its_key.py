"""Opens a company for an API key in one statement: the door, the key, its company, the fence."""

from typing import ClassVar

from django.db import migrations

OPEN = """
CREATE FUNCTION public.accounts_open_key(wanted_digest text)
RETURNS TABLE (key bigint, company bigint, member bigint, key_stamp text, company_stamp text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.door', 'open', true);
    SELECT k.id, k.tenant_id, k.user_id, k.xmin::text || ' ' || k.ctid::text, t.xmin::text || ' ' || t.ctid::text
    INTO key, company, member, key_stamp, company_stamp
    FROM public.accounts_apikey k JOIN public.tenants_tenant t ON t.id = k.tenant_id
    WHERE k.digest = wanted_digest;
    PERFORM set_config('app.door', '', true);
    IF key IS NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('app.tenant', company::text, true);
    RETURN NEXT;
END
$$
"""


class Migration(migrations.Migration):
    """A function that the application's own role runs with its own rights."""

    dependencies: ClassVar = [("accounts", "0005_open_a_company_in_one_statement")]
    operations: ClassVar = [migrations.RunSQL(OPEN, "DROP FUNCTION public.accounts_open_key(text)")]
