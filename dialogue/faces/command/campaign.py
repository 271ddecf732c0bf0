"""`dialogue campaign launch ID --company L`: launch a campaign; `campaign look ID` says what a launch would do."""

from __future__ import annotations

import argparse
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    verbs = parser.add_subparsers(dest="campaign_verb", metavar="VERB", required=True)
    launch = verbs.add_parser("launch", help="freeze the people of a campaign and let its letters go")
    look = verbs.add_parser("look", help="say whom a launch now would reach, and what stops it")
    for one in (launch, look):
        one.add_argument("campaign", metavar="ID", type=int, help="the campaign's number, as in its address")
        one.add_argument("--company", required=True, metavar="LOGIN", help="the company's login")
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        one.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Launch or look; the outcome is one JSON object on stdout with --json, words without it."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.utils.translation import override

    from dialogue.faces.command.companies import company_named
    from dialogue.kit.scope import tenant_scope

    company = company_named(options.company)
    with tenant_scope(company.pk), override(company.language):
        return _launch(options, company) if options.campaign_verb == "launch" else _look(options, company)


def _found(options: argparse.Namespace) -> Any:
    from dialogue.kit.doors import LARGEST
    from dialogue.kit.errors import NotFound
    from dialogue.marketing.campaigns.models import Campaign

    row = Campaign.objects.filter(pk=options.campaign).first() if 0 < options.campaign < LARGEST else None
    if row is None:
        message = f"There is no campaign {options.campaign}."
        raise NotFound(message, field="campaign", code="unknown-campaign")
    return row


def _launch(options: argparse.Namespace, company: Any) -> int:
    from django.db import transaction

    from dialogue.faces.command.main import tell
    from dialogue.kit.actors import system_actor
    from dialogue.marketing.campaigns.launching import launch_campaign

    with transaction.atomic():
        made = launch_campaign(_found(options), by=system_actor(company.pk, "dialogue campaign"))
    counts = made.counts
    result = {"company": company.login, "campaign": options.campaign, "run": made.pk, **counts, "took_ms": made.took_ms}
    words = f"{counts['included']} get the letter, {counts['held_out']} held out, {counts['excluded']} left out"
    tell(options, result, words)
    return 0


def _look(options: argparse.Namespace, company: Any) -> int:
    from django.db import transaction

    from dialogue.faces.command.main import tell
    from dialogue.marketing.campaigns.preparing import prepare

    with transaction.atomic():
        known = prepare(_found(options))
    counts = known.audience.kept()
    findings = [{"grade": str(one.grade), "words": one.words} for one in known.preflight.findings]
    result = {"company": company.login, "campaign": options.campaign, **counts, "findings": findings}
    lines = [f"{counts['included']} would get the letter, {counts['held_out']} held out, {counts['excluded']} left out"]
    lines += [f"{one['grade']}: {one['words']}" for one in findings]
    tell(options, result, "\n".join(lines))
    return 0
