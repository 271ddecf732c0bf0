"""The company that is open."""

from __future__ import annotations

from dialogue.kit.reference import remembered
from dialogue.kit.scope import current_scope, current_tenant
from dialogue.platform.tenants.models import Tenant

# Stamped by what opens the company, not by the references.
OPENED = "tenants.company"


def open_company() -> Tenant:
    """Return the open company; on a page that only reads the one it was opened with, which nobody may change."""
    return remembered(OPENED, lambda: Tenant.objects.get(pk=current_tenant()))


def company_as_opened() -> Tenant:
    """Return the open company as the request found it, asked for only where no request opened it; nobody may change it."""
    opened = current_scope().company
    return opened if isinstance(opened, Tenant) else Tenant.objects.get(pk=current_tenant())
