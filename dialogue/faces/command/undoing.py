"""`dialogue undo ID --company LOGIN`: take an import back."""

from __future__ import annotations

import argparse
import json


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("number", type=int, metavar="ID", help="the number that `dialogue import` printed")
    parser.add_argument(
        "--company", default="", metavar="LOGIN", help="the company's login (needed where several have imports)"
    )


def run(options: argparse.Namespace) -> int:
    """Undo and say what could not be."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import transaction
    from django.utils.translation import override

    from dialogue.faces.command.companies import company_named, company_of_import
    from dialogue.kit.actors import system_actor
    from dialogue.kit.errors import NotFound
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.imports import actions
    from dialogue.platform.imports.models import Import, ImportChange
    from dialogue.platform.imports.undoing import KEPT_WORDS, run_undo

    company = company_named(options.company) if options.company else company_of_import(options.number)
    with tenant_scope(company.pk), override(company.language):
        by = system_actor(company.pk, "dialogue undo")
        with transaction.atomic():
            found = Import.objects.filter(pk=options.number).first()
            if found is None:
                message = f"There is no import {options.number} in this company."
                raise NotFound(message, field="number")
            started = actions.undo_import(found, by=by, inline=True)
        result = run_undo(started.pk)
        with transaction.atomic():
            kept = ImportChange.objects.filter(run=started).exclude(kept="").order_by("id")[:1000]
            listed = [
                {"record": change.model, "id": change.row_id, "name": change.label, "why": str(KEPT_WORDS.get(change.kept, ""))}
                for change in kept
            ]
    print(json.dumps({"import": started.pk, **result, "not_undone": listed}, ensure_ascii=False), flush=True)
    return 0
