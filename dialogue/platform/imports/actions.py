"""Verbs over imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, Refusal
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.imports.journal import shown
from dialogue.platform.imports.kinds import ImportKind, import_kinds
from dialogue.platform.imports.mapping import as_map, characteristic_wishes, guess, missing_targets, plan_of
from dialogue.platform.imports.models import Import, ImportChange, ImportProfile, ImportRow, ImportState
from dialogue.platform.imports.parsing import survey_table
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.platform.imports.reading.cells import Table
from dialogue.platform.imports.reading.opening import open_table
from dialogue.platform.imports.reading.reasons import FileRefused
from dialogue.platform.imports.running import company_now, table_of_run
from dialogue.platform.imports.storage import file_of, forget_file, keep_file
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.jobs.starting import cancel_job, start_job
from dialogue.platform.tenants.models import Tenant

SAMPLE = 5
RUN_JOB, TRY_JOB, UNDO_JOB = "imports.run", "imports.try", "imports.undo"


def refused_file(refusal: FileRefused) -> Refusal:
    """Return the refusal of a file as every door tells it."""
    return Refusal(str(refusal.reason), field="file", code=refusal.reason.code)


def kind_named(code: str, by: Actor) -> ImportKind:
    """Return the kind of import.

    Raises:
        Refusal: there is none of this name, or the actor may not write such records.
    """
    off = Tenant.objects.values_list("rooms_off", flat=True).get(pk=by.tenant)
    kind = import_kinds.find(code)
    if kind is None or kind not in import_kinds.within(off):
        raise Refusal(
            _("Choose what the file holds: %(kinds)s.") % {"kinds": ", ".join(one.code for one in import_kinds.within(off))},
            field="kind",
            code="no-kind",
        )
    if kind.permission and not by.can(kind.permission):
        raise Refusal(_("To import these records you must be allowed to change them."), field="kind", code="not-permitted")
    return kind


def facts_of(table: Table) -> dict[str, Any]:
    """Return how the table was read, with its first rows as a sample for the eye."""
    sample = [shown(row.cells) for row in islice(table.rows(), SAMPLE)]
    return dict(table.facts) | {"sample": sample}


@action(permission=ImportPermission.RUN)
def prepare_import(
    blocks: Iterable[bytes], *, name: str, kind: str, by: Actor, reading: Mapping[str, Any] | None = None
) -> Import:
    """Keep a file and read its header; return the draft with guessed columns.

    Raises:
        Refusal: the file cannot be read as a table, or the kind is unknown.
    """
    known = kind_named(kind, by)
    try:
        stored, fingerprint, size = keep_file(blocks, name)
        table = open_table(file_of(stored), name=name, language=company_now().language, reading=dict(reading or {}))
    except FileRefused as refusal:
        raise refused_file(refusal) from refusal
    made: Import = Import.objects.create(
        kind=known.code,
        file_name=Path(name).name[:200] or stored,
        file=stored,
        fingerprint=fingerprint,
        size=size,
        headers=table.headers,
        facts=facts_of(table),
        mapping={"columns": {header: {"to": target} for header, target in guess(table.headers, known).items()}},
        by_user=by.user,
        by_label=by.label[:150],
    )
    record(by, "import.prepared", made, import_kind=known.code, size=size)
    return made


def draft_of(run: Import) -> Import:
    """Return the import locked, while it is still a draft.

    Raises:
        Conflict: it has been started.
    """
    row = Import.objects.select_for_update().get(pk=run.pk)
    if row.state != ImportState.DRAFT:
        raise Conflict(_("To change an import it must not have been started: begin a new one."))
    return row


@action(permission=ImportPermission.RUN)
def read_anew(run: Import, reading: Mapping[str, Any], *, by: Actor, kind: str = "") -> Import:
    """Read the draft's file with another sheet, encoding or delimiter, or as another kind; return it with a fresh guess.

    Raises:
        Refusal: it cannot be read so.
    """
    row = draft_of(run)
    known = kind_named(kind or row.kind, by)
    try:
        table = open_table(file_of(row.file), name=row.file_name, language=company_now().language, reading=dict(reading))
    except FileRefused as refusal:
        raise refused_file(refusal) from refusal
    row.kind, row.headers, row.facts, row.trial = known.code, table.headers, facts_of(table), {}
    row.mapping = {"columns": {header: {"to": target} for header, target in guess(table.headers, known).items()}}
    row.save()
    return row


@action(permission=ImportPermission.RUN)
def map_import(run: Import, mapping: Mapping[str, Any], *, by: Actor) -> Import:
    """Keep the map of a draft; return it. What is missing is refused when it is tried or started.

    Raises:
        Refusal: it is not a map.
    """
    row = draft_of(run)
    row.mapping = as_map(mapping)
    row.facts.pop("survey", None)
    row.trial = {}
    row.save(update_fields=["mapping", "facts", "trial", "updated_at"])
    return row


def refuse_unready(row: Import, by: Actor) -> None:
    """Refuse a map that lacks something, with what was guessed.

    Raises:
        InvalidInput: names columns and fields.
    """
    kind = kind_named(row.kind, by)
    define_wished(row, kind, by)
    plan_of(kind, row.headers, row.mapping, {})


def define_wished(row: Import, kind: ImportKind, by: Actor) -> None:
    """Define the characteristics the map asks for that the company has not yet; lists come from the column itself."""
    wishes = characteristic_wishes(kind, row.mapping)
    have = set(Characteristic.objects.filter(entity=kind.entity, code__in=wishes).values_list("code", flat=True))
    wishes = {code: wish for code, wish in wishes.items() if code not in have and wish["header"] in row.headers}
    if not wishes:
        return
    listed = {row.headers.index(wish["header"]) for wish in wishes.values() if wish["kind"] in {"choice", "choices"}}
    choices: dict[str, Any] = survey_table(table_of_run(row), {}, listed)["columns"] if listed else {}
    for code, wish in wishes.items():
        found = choices.get(str(row.headers.index(wish["header"])), {}).get("choices", [])
        define_characteristic(kind.entity, label=wish["label"], kind=wish["kind"], code=code, choices=found, by=by)


def refuse_again(row: Import) -> None:
    """Refuse a file that was loaded before and not undone.

    Raises:
        Conflict: says when and as which import.
    """
    before = Import.objects.loaded(row.fingerprint, row.kind).exclude(pk=row.pk).order_by("-id").first()
    if before is not None:
        when = timezone.localtime(before.started_at or before.created_at, company_now().zone)
        raise Conflict(
            _(
                "This file was imported on %(when)s (import %(number)d). To load it once more, say so explicitly, or undo that one."
            )
            % {"when": formats.date_format(when, "SHORT_DATETIME_FORMAT"), "number": before.pk},
            code="imported-before",
            before=before.pk,
        )


def interrupted(draft: Import) -> Import | None:
    """Return an import of the same file by the same map that stopped before its end, to go on with."""
    before = Import.objects.loaded(draft.fingerprint, draft.kind).exclude(pk=draft.pk).order_by("-id").first()
    if before is None or before.mapping != draft.mapping:
        return None
    if before.may_resume:
        return before
    here = Job.objects.filter(pk=before.job or 0, arguments__inline=True).exists()
    return before if here and before.state in {ImportState.WAITING, ImportState.RUNNING} else None


@action(permission=ImportPermission.RUN)
def try_import(run: Import, *, by: Actor) -> Import:
    """Start a dry run as a job; return the import.

    Raises:
        InvalidInput: the map lacks something.
    """
    row = draft_of(run)
    refuse_unready(row, by)
    row.state, row.trial = ImportState.TRYING, {}
    row.by_user, row.by_label = by.user, by.label[:150]
    job = start_job(TRY_JOB, title=_("Dry run of %(file)s") % {"file": row.file_name}, by=by, arguments={"run": row.pk})
    row.job = job.pk
    row.save()
    return row


@action(permission=ImportPermission.RUN)
def start_import(run: Import, *, by: Actor, again: bool = False, inline: bool = False) -> Import:
    """Start a draft as a job; return it. `inline` leaves the job to the caller, who runs it himself.

    Raises:
        InvalidInput: the map lacks something.
        Conflict: the file was loaded before, and `again` was not said.
    """
    row = draft_of(run)
    refuse_unready(row, by)
    if not again:
        refuse_again(row)
    row.state = ImportState.WAITING
    row.by_user, row.by_label = by.user, by.label[:150]
    row.facts.pop("survey", None)
    _queue(row, by, inline=inline)
    record(by, "import.started", row, import_kind=row.kind, again=again)
    return row


def _queue(row: Import, by: Actor, *, inline: bool) -> None:
    title = _("Import of %(file)s") % {"file": row.file_name}
    if row.job:
        # What ran it before was killed; should it come back, it finds its job ended.
        Job.objects.filter(pk=row.job).unfinished().update(state=JobState.CANCELLED, finished_at=timezone.now())
    if inline:
        job: Job = Job.objects.create(
            kind=RUN_JOB,
            title=title[:200],
            arguments={"run": row.pk, "inline": True},
            actor=by.user,
            actor_label=by.label,
            state="running",
        )
    else:
        job = start_job(RUN_JOB, title=title, by=by, arguments={"run": row.pk})
    row.job = job.pk
    row.save()


@action(permission=ImportPermission.RUN)
def resume_import(run: Import, *, by: Actor, inline: bool = False) -> Import:
    """Go on with an import that was stopped or failed, from its last committed row; return it.

    Raises:
        Conflict: it runs, or has ended.
    """
    row = Import.objects.select_for_update().get(pk=run.pk)
    stale_inline = inline and row.state in {ImportState.WAITING, ImportState.RUNNING}
    if not row.may_resume and not stale_inline:
        raise Conflict(_("To go on with an import it must have been stopped or have failed."))
    row.state, row.error = ImportState.WAITING, ""
    _queue(row, by, inline=inline)
    record(by, "import.resumed", row)
    return row


@action(permission=ImportPermission.RUN)
def stop_import(run: Import, *, by: Actor) -> Import:
    """Ask a running import to stop after its present batch; return it.

    Raises:
        Conflict: it does not run.
    """
    row = Import.objects.select_for_update().get(pk=run.pk)
    if row.state not in {ImportState.WAITING, ImportState.RUNNING} or row.job is None:
        raise Conflict(_("To stop an import it must be running."))
    job = Job.objects.get(pk=row.job)
    cancel_job(job)
    if row.state == ImportState.WAITING:
        row.state = ImportState.CANCELLED
        row.save(update_fields=["state", "updated_at"])
    record(by, "import.stopped", row)
    return row


@action(permission=ImportPermission.UNDO)
def undo_import(run: Import, *, by: Actor, inline: bool = False) -> Import:
    """Start taking an import back as a job; return it.

    Raises:
        Conflict: it left nothing, still runs, or was undone.
    """
    row = Import.objects.select_for_update().get(pk=run.pk)
    if not row.may_undo:
        raise Conflict(_("To undo an import it must have ended and not been undone yet."))
    row.state = ImportState.UNDOING
    row.by_user, row.by_label = by.user, by.label[:150]
    if not inline:
        title = _("Undo of the import of %(file)s") % {"file": row.file_name}
        row.job = start_job(UNDO_JOB, title=title, by=by, arguments={"run": row.pk}).pk
    row.save()
    return row


@action(permission=ImportPermission.RUN)
def save_profile(run: Import, name: str, *, by: Actor) -> ImportProfile:
    """Keep the import's map under a name, replacing one of the same name; return it.

    Raises:
        Refusal: no name.
    """
    name = " ".join(name.split())[:80]
    if not name:
        raise Refusal(_("Give the profile a name."), field="name")
    kept = {key: value for key, value in run.mapping.items() if key != "reading"}
    profile, _made = ImportProfile.objects.update_or_create(kind=run.kind, name=name, defaults={"mapping": kept})
    record(by, "import.profile_saved", profile)
    return profile


@action(permission=ImportPermission.RUN)
def drop_draft(run: Import, *, by: Actor) -> None:
    """Delete a draft that was never started.

    Raises:
        Conflict: it has been started.
    """
    row = draft_of(run)
    ImportRow.objects.filter(run=row).delete()
    ImportChange.objects.filter(run=row).delete()
    shared = Import.objects.filter(file=row.file).exclude(pk=row.pk).aggregate(last=Max("pk"))["last"]
    record(by, "import.dropped", row)
    stored = row.file
    row.delete()
    if shared is None:
        forget_file(stored)


def guess_words(run: Import) -> dict[str, Any]:
    """Return what was guessed and what is missing, for a refusal on the command line."""
    kind = import_kinds.get(run.kind)
    columns = {header: use["to"] for header, use in as_map(run.mapping)["columns"].items()}
    return {"guess": columns, "missing": missing_targets(kind, set(columns.values())), "columns": run.headers}
