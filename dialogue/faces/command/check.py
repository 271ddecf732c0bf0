"""`dialogue check`: whether this installation can serve, with every finding in words."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""


def run(options: argparse.Namespace) -> int:
    """Look and say; exit 1 when something keeps the installation from serving."""
    from dialogue.faces.command.main import start_django, tell

    start_django()
    from django.db import connection

    from dialogue.faces.command import database
    from dialogue.kit.assets import is_built
    from dialogue.platform.embedded import bootstrap

    database.prepare()
    database.refuse_unreachable()
    findings: list[str] = []
    with connection.cursor() as cursor:
        raw = cursor.connection
        bootstrap.refuse_unfit(raw)
        missing = bootstrap.leakproof_missing(raw)
    if missing:
        findings.append(
            f"{len(missing)} functions lack the LEAKPROOF mark, so searches in large companies will be slow. "
            "Let a superuser run `dialogue migrate` once."
        )
    if not is_built():
        findings.append("The front end is not built: run `./dev setup`.")
    tell(
        options,
        {"ok": not findings, "findings": findings},
        "\n".join(findings) or "Everything this installation needs is here.",
    )
    return 1 if findings else 0
