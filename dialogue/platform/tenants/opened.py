"""The company that is open."""

from __future__ import annotations

from dialogue.kit.scope import current_scope, current_tenant
from dialogue.platform.tenants.models import Tenant


def open_company() -> Tenant:
    """Return the open company; on a page that only reads the one it was opened with, which nobody may change."""
    return Tenant.objects.get(pk=current_tenant()) if current_scope().stamps is None else company_as_opened()


def company_as_opened() -> Tenant:
    """Return the open company as the request found it, asked for only where no request opened it; nobody may change it."""
    opened = current_scope().company
    return opened if isinstance(opened, Tenant) else Tenant.objects.get(pk=current_tenant())
