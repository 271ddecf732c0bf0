"""Run an import: batches of rows, each committed together with its outcomes, so that a kill loses and repeats nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.errors import Refusal
from dialogue.kit.money import money_json
from dialogue.kit.scope import current_tenant
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.accounts.models import User
from dialogue.platform.audit.recording import record
from dialogue.platform.embedded.writing import written_together
from dialogue.platform.imports.abreast import Turn, write_abreast
from dialogue.platform.imports.ahead import ahead, working_fast
from dialogue.platform.imports.journal import keep_before, keep_changes, keep_outcomes, shown
from dialogue.platform.imports.kinds import Batch, ImportKind, Line, Plan, import_kinds
from dialogue.platform.imports.mapping import plan_of
from dialogue.platform.imports.models import Import, ImportState, Outcome
from dialogue.platform.imports.parsing import DATED, NUMERIC, RowReader, survey_table
from dialogue.platform.imports.reading.cells import Table
from dialogue.platform.imports.reading.opening import open_table
from dialogue.platform.imports.reading.reasons import FileRefused, Reason
from dialogue.platform.imports.statistics import FEWEST_ROWS, refresh_statistics
from dialogue.platform.imports.storage import file_of
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.tenants.models import Tenant

SHOWN_OUTCOMES = 200
SHOWN_REFUSALS = 1000
COUNTS = ("created", "updated", "skipped", "refused")


def company_now() -> Tenant:
    """Return the open company."""
    return Tenant.objects.get(pk=current_tenant())


def actor_of(run: Import) -> Actor:
    """Return who runs the import, with the permissions he has now.

    Raises:
        Refusal: he has left the company meanwhile.
    """
    if run.by_user is None:
        return system_actor(run.tenant_id, run.by_label or "Dialogue")
    actor = member_actor(User.objects.get(pk=run.by_user))
    if actor is None:
        raise Refusal(_("To go on, the member who started this import must be in the company: start it anew yourself."))
    return actor


def table_of_run(run: Import) -> Table:
    """Open the import's file the way it was read first.

    Raises:
        FileRefused: the file cannot be read.
    """
    company = company_now()
    reading = {name: run.facts.get(name, "") for name in ("encoding", "delimiter", "sheet")}
    return open_table(file_of(run.file), name=run.file_name, language=company.language, reading=reading)


def survey_of(run: Import, kind: ImportKind, table: Table) -> dict[str, Any]:
    """Return what the columns show by themselves, read once per map and kept with the import."""
    bare = plan_of(kind, table.headers, run.mapping, {})
    watched = {column.index: column.target.value for column in bare.columns if column.target.value in NUMERIC | DATED}
    return survey_table(table, watched, set())


class Runner:
    """One pass over the file."""

    def __init__(self, run: Import, by: Actor) -> None:
        self.run = run
        self.by = by
        self.kind = import_kinds.get(run.kind)
        with transaction.atomic():
            self.company = company_now()
            self.table = table_of_run(run)
            survey = run.facts.get("survey") or survey_of(run, self.kind, self.table)
            self.plan: Plan = plan_of(self.kind, self.table.headers, run.mapping, survey)
            run.facts["survey"] = survey
            run.rows = survey["rows"]
            Import.objects.filter(pk=run.pk).update(facts=run.facts, rows=run.rows)
            self.reader = RowReader(self.plan, self.company)

    def batches(self) -> Generator[list[Line]]:
        """Yield the lines not committed yet, batch by batch; the next ones are read while one is written."""
        with transaction.atomic():
            prepare = self.kind.prepare(self.by) if self.kind.prepare else None
        with working_fast() as collect, closing(ahead(self._read(prepare))) as batches:
            for batch in batches:
                yield batch
                collect()

    def _read(self, prepare: Callable[[Line], None] | None) -> Iterator[list[Line]]:
        lines = self.reader.lines(self.table, self.run.read_through)
        while batch := list(islice(lines, self.kind.batch_size)):
            if prepare is not None:
                for line in batch:
                    if not line.outcome:
                        prepare(line)
            yield batch

    def load(self) -> Generator[list[Line]]:
        """Write the file; yield each batch when it is committed. Where batches do not depend on each other, two are written at once."""
        with closing(self.batches()) as batches:
            names = self.kind.apart(self.plan) if self.kind.apart else None
            # Rows of a transaction that is still open are nothing to another connection.
            if names is None or connection.in_atomic_block:
                for lines in batches:
                    self.commit(lines)
                    yield lines
            else:
                with closing(write_abreast(batches, names, self.commit_turn, self.run.pk)) as written:
                    yield from written

    def write(self, lines: list[Line], alone: Callable[[], bool] | None = None) -> Batch:
        """Give every line its outcome and write all of it; the caller holds the transaction."""
        batch = Batch(self.run, lines, company=self.company, by=self.by, plan=self.plan)
        batch.alone = alone or batch.alone
        batch.before = partial(keep_before, self.run)
        self.kind.load(batch)
        left = [line.number for line in batch.open_lines()]
        if left:
            message = f"{self.kind.code}: rows {left[:5]} got no outcome"
            raise RuntimeError(message)
        with written_together():
            keep_changes(batch)
            keep_outcomes(batch)
        return batch

    def commit(self, lines: list[Line]) -> None:
        """Write a batch, unless somebody else did meanwhile."""
        read_from = self.run.read_through
        with transaction.atomic():
            now = self._claim(read_from)
            _settle_transaction()
            _count(now, self.write(lines))
        self._keep(now)

    def commit_turn(self, turn: Turn) -> None:
        """Write a batch while the one before it may be under way; it is committed after that one."""
        read_from = self.run.read_through if turn.read_from is None else turn.read_from
        with transaction.atomic():
            turn.begin()
            # Beside another batch the import is claimed when that one has let it go.
            claimed = None if turn.beside else self._claim(read_from)
            _settle_transaction()
            batch = self.write(turn.lines, turn.alone)
            turn.alone()
            now = claimed or self._claim(read_from)
            _count(now, batch)
        self._keep(now)

    def _claim(self, read_from: int) -> Import:
        """Hold the import, with all before the batch written.

        Raises:
            JobCancelled: somebody else wrote the batch, or stopped the import.
        """
        # Rows of the next batch refer to the import and share it meanwhile.
        now = Import.objects.select_for_update(no_key=True).get(pk=self.run.pk)
        if now.read_through != read_from or now.state != ImportState.RUNNING:
            raise JobCancelled
        return now

    def _keep(self, now: Import) -> None:
        self.run.read_through = now.read_through
        for name in (*COUNTS, "totals", "details"):
            setattr(self.run, name, getattr(now, name))


def _count(now: Import, batch: Batch) -> None:
    """Add what the batch came to, in its transaction."""
    add_up(now, batch)
    now.read_through = batch.lines[-1].number
    now.save(update_fields=["read_through", "totals", "details", *COUNTS, "updated_at"])


def _settle_transaction() -> None:
    with connection.cursor() as cursor:
        # A batch lost with the whole machine is loaded again from `read_through`; the end waits for the disk.
        # A search of a batch's contacts takes milliseconds, the start of parallel workers for it fifty.
        cursor.execute("SET LOCAL synchronous_commit TO off; SET LOCAL max_parallel_workers_per_gather TO 0")


def add_up(run: Import, batch: Batch) -> None:
    """Add the batch's counts and sums to the import's."""
    for outcome, count in Counter(line.outcome for line in batch.lines).items():
        setattr(run, outcome, getattr(run, outcome) + count)
    for currency, amount in batch.totals.items():
        run.totals[currency] = str(Decimal(run.totals.get(currency, "0")) + amount)
    for group, names in batch.details.items():
        for name, sums in names.items():
            kept = run.details.setdefault(group, {}).setdefault(name, {})
            for currency, amount in sums.items():
                kept[currency] = str(Decimal(kept.get(currency, "0")) + amount)


def done_rows(run: Import) -> int:
    """Return how many rows have an outcome."""
    return sum(getattr(run, name) for name in COUNTS)


def begin(pk: int) -> Import | None:
    """Claim an import that waits or was interrupted; None where there is nothing left to do."""
    with transaction.atomic():
        run = Import.objects.select_for_update().filter(pk=pk).first()
        if run is None or run.state in {ImportState.DONE, ImportState.UNDONE, ImportState.UNDOING}:
            return None
        run.state = ImportState.RUNNING
        run.error = ""
        run.started_at = run.started_at or timezone.now()
        run.save(update_fields=["state", "error", "started_at", "updated_at"])
        return run


def money_text(amount: str, currency: str) -> str:
    """Return a sum with the decimals of its currency, as machines read it."""
    return str((money_json(Decimal(amount), currency) or {"amount": amount})["amount"])


def plain_result(number: int | None, kind: str, counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the command line and the API answer: counts, sums per currency, sums per stage."""
    stages = counts["details"].get("by_stage", {})
    return {
        "import": number,
        "kind": kind,
        "rows": counts["rows"],
        **{name: counts[name] for name in COUNTS},
        "totals": {currency: money_text(amount, currency) for currency, amount in counts["totals"].items()},
        "by_stage": {
            stage: {currency: money_text(amount, currency) for currency, amount in sums.items()}
            for stage, sums in stages.items()
        },
    }


def result_of(run: Import) -> dict[str, Any]:
    """Return the import's outcome so far."""
    counts = {name: getattr(run, name) for name in (*COUNTS, "rows", "totals", "details")}
    return plain_result(run.pk, run.kind, counts)


def run_import(job: JobRun, run: int, *, inline: bool = False) -> dict[str, Any]:
    """The job: go on from the last committed row to the file's end.

    Raises:
        JobCancelled: somebody asked it to stop; what was loaded stays and can be undone or continued.
    """
    row = begin(run)
    if row is None:
        return {}
    with transaction.atomic():
        by, language = actor_of(row), company_now().language
    with override(language):
        try:
            runner = Runner(row, by)
            job.advance(done_rows(row), row.rows)
            with closing(runner.load()) as written:
                for _lines in written:
                    job.advance(done_rows(row), max(row.rows, done_rows(row)))
        except JobCancelled:
            _end(row, ImportState.CANCELLED, by)
            raise
        except (FileRefused, Refusal) as refusal:
            words = str(refusal.reason) if isinstance(refusal, FileRefused) else refusal.message
            _end(row, ImportState.FAILED, by, words)
            raise Refusal(words) from refusal
        except Exception as error:
            _end(row, ImportState.FAILED, by, f"{type(error).__name__}: {error}"[:1000])
            raise
        _end(row, ImportState.DONE, by)
    # Rows of a transaction that is still open are nothing to another connection: it would count none.
    if row.created + row.updated >= FEWEST_ROWS and not connection.in_atomic_block:
        refresh_statistics(runner.kind)
    return {"import": row.pk, **{name: getattr(row, name) for name in COUNTS}}


def _end(run: Import, state: ImportState, by: Actor, error: str = "") -> None:
    with transaction.atomic():
        run.state, run.error, run.finished_at = state, error, timezone.now()
        run.save(update_fields=["state", "error", "finished_at", "updated_at"])
        facts = {name: getattr(run, name) for name in COUNTS}
        record(by, f"import.{state.value}", run, kind_of_import=run.kind, **facts)


def try_import(job: JobRun, run: int) -> dict[str, Any]:
    """The job of a dry run: everything is done as in earnest, told row by row, and taken back."""
    with transaction.atomic():
        row = Import.objects.select_for_update().get(pk=run)
        by, language = actor_of(row), company_now().language
    trial: dict[str, Any] = {}
    with override(language):
        try:
            trial = rehearse(row, by, job)
        except (FileRefused, Refusal) as refusal:
            trial = {"error": str(refusal.reason) if isinstance(refusal, FileRefused) else refusal.message}
        finally:
            with transaction.atomic():
                Import.objects.filter(pk=run, state=ImportState.TRYING).update(state=ImportState.DRAFT, trial=trial)
    return trial


def rehearse(row: Import, by: Actor, job: JobRun | None = None) -> dict[str, Any]:
    """Load the whole file and take it back; return counts, sums and the outcomes of its rows (the first ones, all refusals)."""
    runner = Runner(row, by)
    told: list[dict[str, Any]] = []
    refusals = 0
    play = Import(pk=row.pk, tenant_id=row.tenant_id, kind=row.kind)
    with closing(runner.batches()) as batches, transaction.atomic():
        for lines in batches:
            batch = runner.write(lines)
            add_up(play, batch)
            for line in batch.lines:
                refused = line.outcome == Outcome.REFUSED
                refusals += refused
                if len(told) < SHOWN_OUTCOMES or (refused and refusals <= SHOWN_REFUSALS):
                    told.append(_told(line))
            if job is not None:
                job.advance(done_rows(play), runner.run.rows)
        transaction.set_rollback(True)
    counts = {name: getattr(play, name) for name in COUNTS}
    return {"rows": done_rows(play), **counts, "totals": play.totals, "details": play.details, "lines": told}


def _told(line: Line) -> dict[str, Any]:
    reason: Reason | None = line.reason
    plain = reason.plain() if reason else None
    return {"number": line.number, "outcome": line.outcome, "reason": plain, "cells": shown(line.cells)}
