"""Opens a company for a session in one statement: the door, the company, the session, the fence."""

from typing import ClassVar

from django.db import migrations

OPEN = """
CREATE FUNCTION public.accounts_open(wanted_session text, wanted_login text)
RETURNS TABLE (kept text, company bigint, stamp text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.door', 'open', true);
    SELECT t.id, t.xmin::text || ' ' || t.ctid::text INTO company, stamp FROM public.tenants_tenant t WHERE t.login = wanted_login;
    PERFORM set_config('app.door', '', true);
    SELECT s.session_data INTO kept FROM public.django_session s
    WHERE s.session_key = wanted_session AND s.expire_date > now();
    IF company IS NULL OR kept IS NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('app.tenant', company::text, true);
    RETURN NEXT;
END
$$
"""


class Migration(migrations.Migration):
    """A function that the application's own role runs with its own rights."""

    dependencies: ClassVar = [("accounts", "0004_begin_indexes_with_the_company"), ("sessions", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(OPEN, "DROP FUNCTION public.accounts_open(text, text)")]
