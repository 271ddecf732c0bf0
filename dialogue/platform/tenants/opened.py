"""The company that is open."""

from __future__ import annotations

from dialogue.kit.reference import remembered
from dialogue.kit.scope import current_tenant
from dialogue.platform.tenants.models import Tenant

# Stamped by what opens the company, not by the references.
OPENED = "tenants.company"


def open_company() -> Tenant:
    """Return the open company; on a page that only reads the one it was opened with, which nobody may change."""
    return remembered(OPENED, lambda: Tenant.objects.get(pk=current_tenant()))
