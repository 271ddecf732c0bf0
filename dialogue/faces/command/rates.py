"""`dialogue rates FILE --company LOGIN`: load a central bank's file of exchange rates; for a nightly timer of the machine."""

from __future__ import annotations

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "file", metavar="FILE", help="of the Bank of Russia, of Ukraine, of Romania or the European Central Bank"
    )
    parser.add_argument("--company", required=True, metavar="LOGIN")
    parser.add_argument("--only", default="", metavar="EUR,USD", help="keep these currencies only")


def run(options: argparse.Namespace) -> int:
    """Load."""
    from dialogue.faces.command.main import start_django, tell

    start_django()
    from django.utils.translation import override

    from dialogue.faces.command.companies import company_named
    from dialogue.kit.actors import system_actor
    from dialogue.kit.errors import NotFound
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.rates.actions import load_rates

    file = Path(options.file)
    if not file.is_file():
        message = f"There is no file {file}."
        raise NotFound(message, field="file")
    company = company_named(options.company)
    only = {code.strip().upper() for code in options.only.split(",") if code.strip()}
    with tenant_scope(company.pk), override(company.language):
        count = load_rates(file.read_bytes(), by=system_actor(company.pk, "dialogue rates"), only=only or None)
    tell(options, {"company": company.login, "loaded": count}, f"{count} rates were loaded.")
    return 0
