"""The first copy of a company's rows, and the refresh that takes what changed since.

A refresh reads, as of one moment, every row whose version is not below its mart's mark, and the tombstones from there on; the
next mark is the oldest transaction that was still running at that moment. Rows of it are read twice, never not at all: what was
read again replaces what was there. Rows that a restore brought back keep their versions, so a first copy asks for none.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from dialogue.kit.frozen import record
from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.warehouse import store
from dialogue.platform.warehouse.errors import Busy
from dialogue.platform.warehouse.folding import disputed, with_upper
from dialogue.platform.warehouse.marts import Mart, marts, rollups, shape
from dialogue.platform.warehouse.models import Life, Tombstone
from dialogue.platform.warehouse.pieces import LOOSE_AT_LEISURE, LOOSE_SHARE, Keeper, relation
from dialogue.platform.warehouse.source import Source
from dialogue.platform.warehouse.store import Manifest, Piece
from dialogue.platform.warehouse.summing import Change, Summing

NOW = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, now() AT TIME ZONE 'UTC'"
LOCK_SECONDS, POLL_SECONDS = 60, 0.2
# While PostgreSQL gives one table out, another one is packed.
AT_ONCE = 2
ID = ("id",)


@record
class Copied:
    """What a copy or refresh did: rows read, as of when the files now stand, and the seconds of its parts."""

    rows: int
    as_of: datetime
    seconds: dict[str, float] = field(default_factory=dict)


@record
class Writer:
    """One writer at work on one company; `letters` are those whose upper case DuckDB writes otherwise."""

    tenant: int
    source: Source
    keeper: Keeper
    zone: str
    letters: dict[str, str]

    @contextmanager
    def another(self) -> Iterator[Writer]:
        """Open a second writer beside this one, with its own connections to both databases."""
        duck = self.keeper.duck.cursor()
        with duck, Source(self.tenant, duck) as source:
            yield replace(self, source=source, keeper=Keeper(self.keeper.folder, duck))

    def sql(self, mart: Mart, since: str | None = None) -> str:
        """Return the SELECT of a mart's rows, all or those written since a mark."""
        sql = f"SELECT {mart.selected} FROM {mart.table} WHERE tenant_id = {self.tenant:d}"
        return sql if since is None else f"{sql} AND version >= '{int(since):d}'::xid8"

    def take(self, name: str, kind: str, since: str | None = None) -> tuple[str, int]:
        """Write a mart's rows, all or those written since a mark, into a file; return it and their count."""
        mart = marts.get(name)
        self.keeper.duck.register("taken", self.source.stream(self.sql(mart, since)))
        try:
            return self.keeper.write(name, kind, with_upper(mart, "taken", self.letters))
        finally:
            self.keeper.duck.unregister("taken")

    def view(self, manifest: Manifest, name: str) -> str:
        """Return a mart as a relation."""
        return relation(self.keeper.folder, manifest.marts[name], ID)

    def summing(self, name: str) -> Summing:
        """Return what keeps a roll-up."""
        return Summing(self.keeper, name, rollups.get(name), self.zone)


def _duck(tenant: int) -> Any:
    import duckdb

    folder = store.make_folder(tenant)
    settings_of = {"memory_limit": "384MB", "temp_directory": str(folder / store.SPILL), "preserve_insertion_order": "false"}
    return duckdb.connect(config={**settings_of, "autoinstall_known_extensions": "false"})


def _epoch() -> str:
    """Return the life of the open company's rows in this database, beginning one if there is none."""
    with transaction.atomic():
        return str(Life.objects.get_or_create()[0].epoch)


def copy_company(tenant: int, run: JobRun | None = None) -> Copied:
    """Copy everything, mart by mart, then what changed meanwhile; go on where a killed copy stopped.

    Raises:
        JobCancelled: somebody asked the job to stop; finished marts stay for the next try.
        Busy: another process has been writing for a minute.
    """
    with tenant_scope(tenant):
        with transaction.atomic():
            zone = Tenant.objects.get(pk=tenant).time_zone
        epoch = _epoch()
    duck = _duck(tenant)
    with duck, Source(tenant, duck) as source:
        _wait_for_lock(source)
        store.tidy(tenant)
        cluster = cluster_of(source)
        life = f"{epoch}-{cluster}"
        writer = Writer(tenant, source, Keeper(store.folder_of(tenant), duck), zone, disputed(source, cluster))
        making = store.making_of(tenant)
        if making is None or making.epoch != life or making.zone != zone or not store.is_whole(tenant, making):
            making = Manifest(store.fresh_number(), shape(), life, zone, "")
        begun = time.monotonic()
        copying = _Copying(writer, making, run)
        copying.work(_largest_first(writer))
        read = time.monotonic()
        copying.work(list(rollups.keys()))
        copied = _finish_copy(writer, making)
        copied.seconds = {"marts": read - begun, "rollups": time.monotonic() - read}
        return copied


class _Copying:
    """Marts, then roll-ups, made by a few threads at once; the thread that began them tells the progress and hears a cancel."""

    def __init__(self, writer: Writer, making: Manifest, run: JobRun | None) -> None:
        self.writer, self.making, self.run = writer, making, run
        self.waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.ended: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        self.keeping = threading.Lock()
        self.ducks: list[Any] = []
        self.stopped, self.done = False, 0

    def work(self, names: Sequence[str]) -> None:
        """Make those of them that are missing; what a thread fails with is raised after all have ended."""
        for name in names:
            self.waiting.put(name)
        threads = [threading.Thread(target=self._thread, daemon=True) for _number in range(min(AT_ONCE, os.cpu_count() or 1))]
        for thread in threads:
            thread.start()
        failed: BaseException | None = None
        running = len(threads)
        while running:
            try:
                ended = self.ended.get(timeout=POLL_SECONDS)
            except queue.Empty:
                ended = ""
            running -= ended is None
            self.done += isinstance(ended, str) and bool(ended)
            if isinstance(ended, BaseException) and failed is None:
                failed = self._stop(ended)
            if self.run is not None and failed is None:
                try:
                    self.run.advance(self.done, len(marts) + len(rollups), ended if isinstance(ended, str) else "")
                except JobCancelled as cancelled:
                    failed = self._stop(cancelled)
        if failed is not None:
            raise failed

    def _stop(self, why: BaseException) -> BaseException:
        self.stopped = True
        with self.keeping:
            for duck in self.ducks:
                duck.interrupt()
        return why

    def _thread(self) -> None:
        try:
            with self.writer.another() as own, self._stoppable(own.keeper.duck):
                while not self.stopped:
                    name = self.waiting.get_nowait()
                    self._one(own, name)
                    self.ended.put(name)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001  the thread that began us raises it
            self.ended.put(error)
        finally:
            self.ended.put(None)

    @contextmanager
    def _stoppable(self, duck: Any) -> Iterator[None]:
        """Let a stop reach what the thread asks, as long as it asks: a closed connection has nothing to interrupt."""
        with self.keeping:
            self.ducks.append(duck)
        try:
            yield
        finally:
            with self.keeping:
                self.ducks.remove(duck)

    def _one(self, own: Writer, name: str) -> None:
        if name in self.making.marts or name in self.making.rollups:
            return
        if name in marts:
            mark = own.source.values(NOW)[0][0]
            file, rows = own.take(name, "base")
            self._keep({name: Piece(file, rows, mark=mark)}, {})
        else:
            self._keep({}, {name: own.summing(name).anew(own.view(self.making, rollups.get(name).mart))})

    def _keep(self, made: dict[str, Piece], summed: dict[str, Piece]) -> None:
        with self.keeping:
            self.making.marts |= made
            self.making.rollups |= summed
            store.keep_making(self.writer.tenant, self.making)


def _largest_first(writer: Writer) -> list[str]:
    """Return all marts; what takes longest is not begun last."""
    tables = ", ".join(f"'{mart.table}'" for mart in marts)
    # A table in parts has its rows in them.
    size = "coalesce((SELECT sum(pg_table_size(relid)) FROM pg_partition_tree(pg_class.oid)), pg_table_size(oid))::bigint"
    sql = f"SELECT relname::text, {size} FROM pg_class WHERE relname IN ({tables}) AND pg_table_is_visible(oid)"
    sizes = dict(writer.source.values(sql))
    return sorted(marts.keys(), key=lambda name: -sizes.get(marts.get(name).table, 0))


def _rollups_of(mart: str) -> list[str]:
    return [name for name in rollups.keys() if rollups.get(name).mart == mart]  # noqa: SIM118  a registry iterates its items


def _finish_copy(writer: Writer, making: Manifest) -> Copied:
    rows = sum(piece.rows for piece in making.marts.values())
    made, more = _refreshed(writer, making)
    store.switch(writer.tenant, made)
    store.give_up_making(writer.tenant)
    store.clean(writer.tenant)
    return Copied(rows + more, made.moment)


def _wait_for_lock(source: Source) -> None:
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            source.lock()
            return
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(POLL_SECONDS)


def cluster_of(source: Source) -> str:
    """Return which database of which cluster answers, in which of its lives: one set back in time, or a promoted copy, is another."""
    sql = """SELECT concat_ws('-', (SELECT system_identifier FROM pg_control_system()),
        (SELECT timeline_id FROM pg_control_checkpoint()), (SELECT oid FROM pg_database WHERE datname = current_database()))"""
    return str(source.values(sql)[0][0])


def refresh_company(tenant: int) -> Copied | None:
    """Take what changed since the last refresh. Return None where there is no warehouse, or another process writes it.

    Files of another life of the database, or summed up in another time zone, are deleted, and so are those of which some are lost.
    """
    manifest = store.manifest_of(tenant)
    if manifest is None:
        return None
    with tenant_scope(tenant):
        with transaction.atomic():
            company = Tenant.objects.filter(pk=tenant).first()
        if company is None:
            store.forget(tenant)
            return None
        epoch = _epoch()
    duck = _duck(tenant)
    with duck, Source(tenant, duck) as source:
        try:
            source.lock()
        except Busy:
            return None
        manifest = store.manifest_of(tenant)
        if manifest is None:
            return None
        store.tidy(tenant)
        cluster = cluster_of(source)
        is_ours = manifest.epoch == f"{epoch}-{cluster}" and manifest.zone == company.time_zone
        if not is_ours or not store.is_whole(tenant, manifest):
            store.forget(tenant)
            return None
        writer = Writer(tenant, source, Keeper(store.folder_of(tenant), duck), manifest.zone, disputed(source, cluster))
        made, rows = _refreshed(writer, manifest)
        # A copy begun beside these files would miss the deaths whose tombstones are forgotten below.
        store.give_up_making(tenant)
        store.switch(tenant, made)
    _forget_tombstones(tenant, made)
    return Copied(rows, made.moment)


def _forget_tombstones(tenant: int, manifest: Manifest) -> None:
    oldest = min(int(piece.mark) for piece in manifest.marts.values())
    with tenant_scope(tenant), transaction.atomic():
        Tombstone.objects.extra(where=["version < %s::text::xid8"], params=[str(oldest)]).delete()


def _refreshed(writer: Writer, manifest: Manifest) -> tuple[Manifest, int]:
    """Return the manifest with everything that changed since its marks, and how many rows that were."""
    changed: dict[str, str] = {}
    gone: dict[str, list[int]] = {}
    total = 0
    with writer.source.one_cut():
        mark, moment = writer.source.values(NOW)[0]
        names = _with_changes(writer, manifest)
        if names:
            writer.source.by_pages()
        for name in names:
            since = manifest.marts[name].mark
            file, rows = writer.take(name, "changed", since)
            changed[name] = file
            gone[name] = _gone(writer, marts.get(name), since)
            total += rows + len(gone[name])
    made = replace(manifest, as_of=moment.replace(tzinfo=UTC).isoformat(), rollups=dict(manifest.rollups))
    made.marts = {name: replace(piece, mark=mark) for name, piece in manifest.marts.items()}
    moved = [name for name, file in changed.items() if file or gone[name]]
    if not moved:
        return (_tidied(writer, made), 0)
    made.number = store.fresh_number()
    for name in moved:
        _follow(writer, manifest, made, name, (changed[name], gone[name]))
    return made, total


def _follow(writer: Writer, manifest: Manifest, made: Manifest, name: str, change: tuple[str, list[int]]) -> None:
    """Put what came and went to a mart and to its roll-ups."""
    keeper, (file, gone) = writer.keeper, change
    touched = _touched(writer, name, file, gone)
    came = keeper.read(file) if file else ""
    piece = keeper.changed(name, made.marts[name], ID, came, touched)
    made.marts[name] = keeper.compacted(name, piece, ID, LOOSE_SHARE)
    summed = _rollups_of(name)
    if not summed:
        return
    before = f'"before {name}"'
    old = f"{writer.view(manifest, name)} AS old SEMI JOIN {touched} AS touched ON old.id = touched.id"
    keeper.duck.execute(f"CREATE OR REPLACE TEMP TABLE {before} AS SELECT * FROM {old}")
    moves = Change(before, came or f"(FROM {before} LIMIT 0)", writer.view(made, name))
    for rollup in summed:
        made.rollups[rollup] = writer.summing(rollup).moved(made.rollups[rollup], moves)


def _tidied(writer: Writer, made: Manifest) -> Manifest:
    """Put one piece into one file, now that there is nothing else to do."""
    for name, piece in (*made.marts.items(), *made.rollups.items()):
        rollup = rollups.get(name) if name in made.rollups else None
        keys, order = (rollup.keys, rollup.order) if rollup else (ID, "")
        whole = writer.keeper.compacted(name, piece, keys, LOOSE_AT_LEISURE, order)
        if whole is not piece:
            (made.rollups if rollup else made.marts)[name] = whole
            made.number = store.fresh_number()
            break
    return made


def _with_changes(writer: Writer, manifest: Manifest) -> list[str]:
    """Return the marts in which something was written or deleted since their marks: one statement for all."""
    asked = []
    for name, piece in manifest.marts.items():
        # The newest version is the last entry of an index, however many rows there are and whatever is known of them.
        newest = " OR ".join(
            f"(SELECT version FROM {table} WHERE tenant_id = {writer.tenant:d} AND version > '0'::xid8{more} ORDER BY version DESC LIMIT 1) >= '{int(piece.mark):d}'::xid8"
            for table, more in (
                (marts.get(name).table, ""),
                (Tombstone._meta.db_table, f" AND of_table = '{marts.get(name).table}'"),
            )
        )
        asked.append(f"SELECT '{name}' AS name WHERE {newest}")
    return [row[0] for row in writer.source.values(" UNION ALL ".join(asked))] if asked else []


def _gone(writer: Writer, mart: Mart, since: str) -> list[int]:
    sql = f"SELECT DISTINCT \"row\" FROM warehouse_tombstone WHERE tenant_id = {writer.tenant:d} AND of_table = '{mart.table}'"
    return [row[0] for row in writer.source.values(f"{sql} AND version >= '{int(since):d}'::xid8")]


def _touched(writer: Writer, name: str, file: str, gone: list[int]) -> str:
    """Return the relation of the ids that were written or deleted: a table of DuckDB."""
    duck, table = writer.keeper.duck, f'"touched {name}"'
    duck.execute(f"CREATE OR REPLACE TEMP TABLE {table} (id BIGINT)")
    if file:
        duck.execute(f"INSERT INTO {table} SELECT id FROM {writer.keeper.read(file)}")
    if gone:
        duck.execute(f"INSERT INTO {table} SELECT unnest(?::BIGINT[])", [gone])
    return table


def run_copy(run: JobRun) -> dict[str, Any]:
    """Copy the open company as a visible job; return the rows and the moment of the data."""
    copied = copy_company(run.job.tenant_id, run)
    return {"rows": copied.rows, "as_of": copied.as_of.isoformat()}
