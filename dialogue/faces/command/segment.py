"""`dialogue segment count RULE.json --company L`: count whom a rule matches; `segment fill CODE`: fill one now."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    verbs = parser.add_subparsers(dest="segment_verb", metavar="VERB", required=True)
    count = verbs.add_parser("count", help="count the customers that a rule matches")
    count.add_argument("rule", metavar="RULE.json", help="a file with a rule tree, or - for standard input")
    count.add_argument("--sampled", action="store_true", help="answer within about a second, by a sample where need be")
    fill = verbs.add_parser("fill", help="fill a segment by its rule")
    fill.add_argument("code", metavar="CODE", help="the segment's code")
    for one in (count, fill):
        one.add_argument("--company", required=True, metavar="LOGIN", help="the company's login")
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        one.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Count or fill; the outcome is one JSON object on stdout with --json, words without it."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.utils.translation import override

    from dialogue.faces.command.companies import company_named
    from dialogue.kit.scope import tenant_scope

    company = company_named(options.company)
    with tenant_scope(company.pk), override(company.language):
        return _count(options, company) if options.segment_verb == "count" else _fill(options, company)


def _rule(name: str) -> Any:
    from dialogue.kit.errors import NotFound, Refusal

    path = Path(name)
    if name != "-" and not path.is_file():
        message = f"There is no file {path}."
        raise NotFound(message, field="rule")
    try:
        return json.loads(sys.stdin.read() if name == "-" else path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        message = f"The rule {path} is not JSON: {error}."
        raise Refusal(message, field="rule", code="wrong-rule") from error


def _count(options: argparse.Namespace, company: Any) -> int:
    from django.db import transaction

    from dialogue.faces.command.main import tell
    from dialogue.kit.actors import system_actor
    from dialogue.marketing.segments.counting import count_rule
    from dialogue.platform.criteria.asking import asking_of

    asking = asking_of(system_actor(company.pk, "dialogue segment"), company)
    with transaction.atomic():
        found = count_rule(_rule(options.rule), asking, exact=not options.sampled)
    result = {
        "company": company.login,
        "count": found.count,
        "plus_minus": found.plus_minus,
        "exact": found.exact,
        "base": found.base,
        "at": found.at.isoformat(),
        "took_ms": found.took_ms,
    }
    margin = f" ± {found.plus_minus}" if not found.exact else ""
    tell(options, result, f"{found.count}{margin} of {found.base} customers")
    return 0


def _fill(options: argparse.Namespace, company: Any) -> int:
    from django.db import transaction

    from dialogue.faces.command.main import tell
    from dialogue.kit.actors import system_actor
    from dialogue.kit.errors import NotFound
    from dialogue.marketing.segments.models import Segment
    from dialogue.marketing.segments.rebuilding import rebuild_segment

    with transaction.atomic():
        row = Segment.objects.filter(code=options.code).first()
        if row is None:
            message = f"There is no segment “{options.code}”."
            raise NotFound(message, field="code", code="unknown-segment")
        built = rebuild_segment(row, by=system_actor(company.pk, "dialogue segment"))
    result = {"company": company.login, "segment": row.code, "size": built.size, "joined": built.joined, "left": built.left}
    tell(options, result | {"took_ms": built.took_ms}, f"{built.size} people; {built.joined} came, {built.left} left")
    return 0
