"""`dialogue sending unlock [--company LOGIN]`: let letters leave again after a restore."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    verbs = parser.add_subparsers(dest="sending_verb", metavar="VERB", required=True)
    unlock = verbs.add_parser("unlock", help="let letters of restored companies leave again")
    unlock.add_argument("--company", metavar="LOGIN", default="", help="only this company")
    unlock.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    unlock.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Unlock and name the companies."""
    from dialogue.faces.command.main import start_django, tell

    start_django()
    from django.db import transaction

    from dialogue.kit.actors import system_actor
    from dialogue.kit.environment import EnvironmentRefusal
    from dialogue.kit.scope import tenant_scope, without_tenant
    from dialogue.platform.accounts.actions import unlock_sending
    from dialogue.platform.tenants.models import Tenant

    with transaction.atomic():
        with without_tenant("the operator unlocks sending after a restore"):
            known = Tenant.objects.filter(login=options.company.lower()) if options.company else Tenant.objects.all()
            found = list(known)
        if options.company and not found:
            message = f"No company has the login {options.company}."
            raise EnvironmentRefusal(message)
        locked = [company for company in found if company.sending_locked]
        for company in locked:
            with tenant_scope(company.pk):
                unlock_sending(company, by=system_actor(company.pk, label="Command line"))
    names = [company.login for company in locked]
    tell(options, {"unlocked": names}, f"Unlocked: {', '.join(names)}." if names else "Nothing was locked.")
    return 0
