"""Begin a company's warehouse: when somebody asks, or by night when the company has grown."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.night import night_works
from dialogue.kit.scope import current_tenant
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.warehouse import store
from dialogue.platform.warehouse.marts import marts
from dialogue.platform.warehouse.models import Tombstone
from dialogue.platform.warehouse.source import LOCK

COPY = "warehouse.copy"
# With fewer rows in its largest table PostgreSQL answers as fast.
WORTH = 50_000


def ask_for_copy(by: Actor) -> Job | None:
    """Start the visible job that makes the open company's warehouse; None where there is one or the job waits already."""
    if store.manifest_of(current_tenant()) is not None or Job.objects.unfinished().filter(kind=COPY).exists():
        return None
    return start_job(COPY, title=_("Copy to the warehouse"), by=by, arguments={})


@night_works.register("warehouse")
def begin_if_worth(by: Actor) -> None:
    """Make a warehouse for a company that has grown; forget the tombstones of one that has none."""
    tenant = current_tenant()
    if store.manifest_of(tenant) is not None:
        return
    if _is_nobodys(tenant) and not store.folder_of(tenant).exists():
        Tombstone.objects.all().delete()
    if any(_is_large(table, tenant) for table in sorted({mart.table for mart in marts})):
        ask_for_copy(by)


def _is_nobodys(tenant: int) -> bool:
    """Return whether no copy is being made, and keep any from beginning until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({LOCK.format(tenant=tenant)})")
        return bool(cursor.fetchone()[0])


def _is_large(table: str, tenant: int) -> bool:
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE tenant_id = %s LIMIT {WORTH}) AS begun"
    with connection.cursor() as cursor:
        cursor.execute(sql, [tenant])
        return int(cursor.fetchone()[0]) >= WORTH
