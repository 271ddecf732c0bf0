"""`dialogue company create NAME --login L --owner EMAIL`."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    verbs = parser.add_subparsers(dest="company_verb", metavar="VERB", required=True)
    create = verbs.add_parser("create", help="create a company and print its owner's one-time sign-in link")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--login", required=True, help="Latin letters and digits; becomes the address")
    create.add_argument("--owner", required=True, metavar="EMAIL")
    create.add_argument("--language", default="", choices=["", "en", "ru", "uk", "ro"])
    create.add_argument("--country", default="")
    create.add_argument("--currency", default="")
    create.add_argument("--timezone", default="")
    create.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    create.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Create the company."""
    from dialogue.faces.command.main import start_django, tell

    start_django()
    from django.conf import settings
    from django.db import transaction

    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.accounts.links import make_sign_in_token

    with transaction.atomic():
        company, owner = create_company(
            options.name,
            login=options.login,
            owner=options.owner,
            language=options.language,
            country=options.country,
            currency=options.currency,
            time_zone=options.timezone,
        )
        token = make_sign_in_token(owner)
    result = {
        "company": company.name,
        "login": company.login,
        "url": f"{settings.SITE_URL}/c/{company.login}/",
        "owner": owner.email,
        "sign_in_url": f"{settings.SITE_URL}/sign-in/{token}/",
    }
    tell(options, result, "\n".join(f"{name}: {value}" for name, value in result.items()))
    return 0
