"""`dialogue import FILE --company LOGIN --as KIND`: load a file, here and now or as a job."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

DONE_WITH_REFUSED = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("file", metavar="FILE", help="a CSV, XLSX or Parquet file")
    parser.add_argument("--company", required=True, metavar="LOGIN", help="the company's login")
    parser.add_argument(
        "--as", dest="kind", required=True, metavar="KIND", help="people, companies, deals, purchases or responses"
    )
    parser.add_argument("--map", default="", metavar="M", help="a map from columns to fields: a JSON file, or a profile's name")
    parser.add_argument("--sheet", default="", help="the sheet of a workbook (default: the first)")
    parser.add_argument("--encoding", default="", help="the encoding of a text file (default: found)")
    parser.add_argument("--dry-run", action="store_true", help="tell what would become of each row, and change nothing")
    parser.add_argument("--again", action="store_true", help="load a file that was loaded before")
    parser.add_argument("--no-wait", action="store_true", help="leave the work to the worker")


def run(options: argparse.Namespace) -> int:
    """Load the file; the outcome is one JSON object on stdout, progress goes to stderr."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.utils.translation import override

    from dialogue.faces.command.companies import company_named
    from dialogue.kit.scope import tenant_scope

    company = company_named(options.company)
    with tenant_scope(company.pk), override(company.language):
        return _load(options, company)


def _load(options: argparse.Namespace, company: Any) -> int:
    from django.db import transaction

    from dialogue.kit.actors import system_actor
    from dialogue.kit.errors import Refusal
    from dialogue.platform.imports import actions
    from dialogue.platform.imports.running import rehearse, result_of
    from dialogue.platform.imports.storage import blocks_of

    by = system_actor(company.pk, "dialogue import")
    path = Path(options.file)
    if not path.is_file():
        raise Refusal(f"There is no file {path}.", field="file", code="no-file")
    reading = {"sheet": options.sheet, "encoding": options.encoding}
    with transaction.atomic():
        draft = actions.prepare_import(blocks_of(path), name=path.name, kind=options.kind, by=by, reading=reading)
        if options.map:
            draft = actions.map_import(draft, _map_named(options.map, options.kind), by=by)
        interrupted = None if options.again else actions.interrupted(draft)
    if options.dry_run:
        return _rehearse(draft, by, rehearse)
    with transaction.atomic():
        if interrupted is not None:
            print(f"Going on with import {interrupted.pk} after row {interrupted.read_through}.", file=sys.stderr)
            actions.drop_draft(draft, by=by)
            started = actions.resume_import(interrupted, by=by, inline=not options.no_wait)
        else:
            started = _start(draft, options, by)
    if options.no_wait:
        print(json.dumps(result_of(started) | {"job": started.job}, ensure_ascii=False), flush=True)
        return 0
    return _run_here(started)


def _start(draft: Any, options: argparse.Namespace, by: Any) -> Any:
    from dialogue.kit.errors import InvalidInput
    from dialogue.platform.imports import actions

    try:
        return actions.start_import(draft, by=by, again=options.again, inline=not options.no_wait)
    except InvalidInput as refusal:
        # Whoever has no map sees what was guessed, ready to be corrected and given with --map.
        refusal.facts |= actions.guess_words(draft)
        if not options.json:
            print(json.dumps(actions.guess_words(draft), ensure_ascii=False), file=sys.stderr)
        raise


def _map_named(name: str, kind: str) -> dict[str, Any]:
    from dialogue.kit.errors import Refusal
    from dialogue.platform.imports.models import ImportProfile

    path = Path(name)
    if path.is_file():
        try:
            read = json.loads(path.read_text(encoding="utf-8-sig"))
        except ValueError as error:
            raise Refusal(f"The map {path} is not JSON: {error}.", field="map", code="wrong-map") from error
        if not isinstance(read, dict):
            raise Refusal(f"The map {path} must be a JSON object.", field="map", code="wrong-map")
        return read
    profile = ImportProfile.objects.filter(kind=kind, name=name).first()
    if profile is None:
        raise Refusal(f"There is neither a file nor a saved profile “{name}”.", field="map", code="no-map")
    return dict(profile.mapping)


def _rehearse(draft: Any, by: Any, rehearse: Any) -> int:
    from django.db import transaction

    from dialogue.platform.imports import actions
    from dialogue.platform.imports.running import plain_result

    with transaction.atomic():
        actions.refuse_unready(draft, by)
    trial = rehearse(draft, by)
    with transaction.atomic():
        actions.drop_draft(draft, by=by)
    answer = plain_result(None, draft.kind, trial) | {"dry_run": True, "outcomes": trial["lines"]}
    print(json.dumps(answer, ensure_ascii=False), flush=True)
    return DONE_WITH_REFUSED if trial["refused"] else 0


class Here:
    """A job run by this process; tells its progress to stderr."""

    def __init__(self, pk: int) -> None:
        from dialogue.platform.jobs.kinds import JobRun
        from dialogue.platform.jobs.models import Job

        self.run = JobRun(Job.objects.get(pk=pk))
        self._advance = self.run.advance
        self.run.advance = self.tell  # type: ignore[method-assign]

    def tell(self, done: int, total: int | None = None, note: str = "") -> None:
        """Show progress and hand it on."""
        print(f"\r{done} / {total or '?'}", end="" if done != total else "\n", file=sys.stderr, flush=True)
        self._advance(done, total, note)


def _run_here(started: Any) -> int:
    from django.db import transaction

    from dialogue.platform.imports.models import Import
    from dialogue.platform.imports.running import result_of, run_import
    from dialogue.platform.jobs.queue import finish_inline

    with transaction.atomic():
        here = Here(started.job)
    with finish_inline(started.job):
        run_import(here.run, started.pk)
    with transaction.atomic():
        done = Import.objects.get(pk=started.pk)
        print(json.dumps(result_of(done), ensure_ascii=False), flush=True)
    return DONE_WITH_REFUSED if done.refused else 0
