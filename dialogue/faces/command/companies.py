"""The company a command works in."""

from __future__ import annotations

from django.db import transaction

from dialogue.kit.errors import NotFound
from dialogue.kit.scope import tenant_scope, without_tenant
from dialogue.platform.imports.models import Import
from dialogue.platform.tenants.models import Tenant


def company_named(login: str) -> Tenant:
    """Return the company of this login.

    Raises:
        NotFound: there is none.
    """
    with transaction.atomic(), without_tenant("the command line names the company by its login"):
        found = Tenant.objects.filter(login=login).first()
    if found is None:
        message = f"There is no company with the login {login}."
        raise NotFound(message, field="company")
    return found


def company_of_import(number: int) -> Tenant:
    """Return the company that made the import of this number.

    Raises:
        NotFound: no company did.
    """
    with transaction.atomic(), without_tenant("an import is named by its number on the command line"):
        companies = list(Tenant.objects.order_by("id"))
    for company in companies:
        with tenant_scope(company.pk), transaction.atomic():
            if Import.objects.filter(pk=number).exists():
                return company
    message = f"There is no import {number}."
    raise NotFound(message, field="number")
