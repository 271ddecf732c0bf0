"""`dialogue key make NAME --company LOGIN --member EMAIL`, `dialogue key revoke TAIL --company LOGIN`."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    verbs = parser.add_subparsers(dest="key_verb", metavar="VERB", required=True)
    make = verbs.add_parser("make", help="make an API key and print its secret, this once")
    make.add_argument("name", metavar="NAME", help="who uses it")
    make.add_argument("--member", required=True, metavar="EMAIL", help="whom it acts for")
    make.add_argument("--may", action="append", default=[], metavar="PERMISSION", help="without it: all that the member may")
    revoke = verbs.add_parser("revoke", help="make a key useless from now on")
    revoke.add_argument("tail", metavar="TAIL", help="the last six characters of its secret")
    for verb in (make, revoke):
        verb.add_argument("--company", required=True, metavar="LOGIN")
        verb.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        verb.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Make or revoke."""
    from dialogue.faces.command.main import start_django, tell

    start_django()
    from django.db import transaction
    from django.utils.translation import override

    from dialogue.faces.command.companies import company_named
    from dialogue.kit.actors import system_actor
    from dialogue.kit.errors import NotFound
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.accounts.actions import make_key, revoke_key
    from dialogue.platform.accounts.models import ApiKey, User

    company = company_named(options.company)
    with tenant_scope(company.pk), override(company.language), transaction.atomic():
        by = system_actor(company.pk, "dialogue key")
        if options.key_verb == "make":
            user = User.objects.filter(email=options.member.strip().lower()).first()
            if user is None:
                message = f"There is no person with the address {options.member}."
                raise NotFound(message, field="member")
            key, secret = make_key(options.name, by=by, scopes=options.may or ["*"], user=user)
            tell(options, {"key": key.pk, "name": key.name, "member": user.email, "secret": secret}, secret)
            return 0
        found = ApiKey.objects.filter(tail=options.tail, revoked_at=None).first()
        if found is None:
            message = f"There is no key in use that ends with {options.tail}."
            raise NotFound(message, field="tail")
        revoke_key(found, by=by)
        tell(options, {"key": found.pk, "name": found.name, "revoked": True}, f"{found.name} is revoked.")
    return 0
