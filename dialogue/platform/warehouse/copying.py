"""The first copy of a company's rows, and the refresh that takes what changed since.

A refresh reads, as of one moment, every row whose version is not below its mart's mark, and the tombstones from there on; the
next mark is the oldest transaction that was still running at that moment. Rows of it are read twice, never not at all: what was
read again replaces what was there. Rows that a restore brought back keep their versions, so a first copy asks for none.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.warehouse import store
from dialogue.platform.warehouse.errors import Busy
from dialogue.platform.warehouse.marts import Mart, RollUp, marts, rollups, shape
from dialogue.platform.warehouse.models import Life, Tombstone
from dialogue.platform.warehouse.pieces import Keeper, quoted, relation
from dialogue.platform.warehouse.source import Source
from dialogue.platform.warehouse.store import Manifest, Piece

NOW = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, now() AT TIME ZONE 'UTC'"
LOCK_SECONDS, POLL_SECONDS = 60, 0.2
# A refresh that reads more than this share of a mart sums everything up anew.
ANEW_SHARE = 0.5


@dataclass
class Copied:
    """What a copy or refresh did: rows read, as of when the files now stand, and the seconds of its parts."""

    rows: int
    as_of: datetime
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Writer:
    """One writer at work on one company; `run` is told the progress and may stop it."""

    tenant: int
    source: Source
    keeper: Keeper
    zone: str
    epoch: str
    run: JobRun | None = None
    done: int = 0

    def watched(self, call: Any, note: str) -> Any:
        """Return what the call returns; a wish to cancel interrupts it."""
        if self.run is None:
            return call()
        found: list[Any] = []
        failed: list[BaseException] = []

        def work() -> None:
            try:
                found.append(call())
            except BaseException as error:  # noqa: BLE001  handed on below
                failed.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(POLL_SECONDS)
                self.run.advance(self.done, len(marts) + len(rollups), note)
        except JobCancelled:
            self.keeper.duck.interrupt()
            thread.join()
            raise
        if failed:
            raise failed[0]
        self.done += 1
        return found[0]

    def sql(self, mart: Mart, since: str | None = None) -> str:
        """Return the SELECT of a mart's rows, all or those written since a mark."""
        sql = f"SELECT {mart.selected} FROM {mart.table} WHERE tenant_id = {self.tenant:d}"
        return sql if since is None else f"{sql} AND version >= '{int(since):d}'::xid8"

    def take(self, name: str, kind: str, sql: str) -> tuple[str, int]:
        """Write PostgreSQL's answer into a file; return it and its rows."""
        self.keeper.duck.register("taken", self.source.stream(sql))
        try:
            return self.keeper.write(name, kind, "SELECT * FROM taken")
        finally:
            self.keeper.duck.unregister("taken")

    def view(self, manifest: Manifest, name: str) -> str:
        """Return a mart as a relation."""
        return relation(self.keeper.folder, manifest.marts[name], "id")

    def sum_up(self, manifest: Manifest, name: str) -> Piece:
        """Return a roll-up made of all rows of its mart."""
        rollup = rollups.get(name)
        file, rows = self.keeper.write(name, "base", rollup.selected(self.view(manifest, rollup.mart), self.zone))
        return self.described(rollup, Piece(file, rows))

    def described(self, rollup: RollUp, piece: Piece) -> Piece:
        """Return the piece with its newest moment and whether a customer stands in one row."""
        rows = relation(self.keeper.folder, piece, rollup.key)
        if rollup.monthly:
            return piece
        latest, count, keys = self.keeper.one(
            f'SELECT max("last"), count(*), approx_count_distinct("{rollup.key}") FROM {rows}'
        )
        single = not rollup.by or (
            keys >= count * 0.9 and self.keeper.one(f'SELECT count(DISTINCT "{rollup.key}") FROM {rows}')[0] == count
        )
        return replace(piece, latest=latest.isoformat() if latest else "", single=bool(single))


def _duck(tenant: int) -> Any:
    import duckdb

    folder = store.make_folder(tenant)
    settings_of = {"memory_limit": "256MB", "temp_directory": str(folder / "spill"), "preserve_insertion_order": "false"}
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
        cluster = life_of(source, epoch)
        writer = Writer(tenant, source, Keeper(store.folder_of(tenant), duck), zone, cluster, run)
        making = store.making_of(tenant)
        if making is None or making.epoch != cluster or making.zone != zone:
            making = Manifest(store.fresh_number(), shape(), cluster, zone, "")
        begun = time.monotonic()
        _copy_marts(writer, making)
        read = time.monotonic()
        _sum_up_all(writer, making)
        copied = _finish_copy(writer, making)
        copied.seconds = {"marts": read - begun, "rollups": time.monotonic() - read}
        return copied


def _copy_marts(writer: Writer, making: Manifest) -> None:
    for name in marts.keys():  # noqa: SIM118  a registry iterates its items
        if name in making.marts:
            writer.done += 1
            continue
        mark = writer.source.values(NOW)[0][0]
        sql = writer.sql(marts.get(name))
        file, rows = writer.watched(lambda name=name, sql=sql: writer.take(name, "base", sql), name)
        making.marts[name] = Piece(file, rows, mark=mark)
        store.keep_making(writer.tenant, making)


def _sum_up_all(writer: Writer, making: Manifest) -> None:
    for name in rollups.keys():  # noqa: SIM118  a registry iterates its items
        making.rollups[name] = writer.watched(lambda name=name: writer.sum_up(making, name), name)


def _finish_copy(writer: Writer, making: Manifest) -> Copied:
    rows = sum(piece.rows for piece in making.marts.values())
    made, more = _refreshed(writer, making)
    store.switch(writer.tenant, made)
    (store.folder_of(writer.tenant) / store.MAKING).unlink(missing_ok=True)
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


def life_of(source: Source, epoch: str) -> str:
    """Return what the files belong to: this life of the company in this database of this cluster."""
    sql = "SELECT system_identifier::text || '-' || (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()"
    return f"{epoch}-{source.values(sql)[0][0]}"


def refresh_company(tenant: int) -> Copied | None:
    """Take what changed since the last refresh. Return None where there is no warehouse, or another process writes it.

    Files of another life of the database, or summed up in another time zone, are deleted.
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
        if manifest.epoch != life_of(source, epoch) or manifest.zone != company.time_zone:
            store.forget(tenant)
            return None
        writer = Writer(tenant, source, Keeper(store.folder_of(tenant), duck), manifest.zone, manifest.epoch)
        made, rows = _refreshed(writer, manifest)
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
        for name in _with_changes(writer, manifest):
            since = manifest.marts[name].mark
            file, rows = writer.take(name, "changed", writer.sql(marts.get(name), since))
            changed[name] = file
            gone[name] = _gone(writer, marts.get(name), since)
            total += rows + len(gone[name])
    made = replace(manifest, as_of=moment.replace(tzinfo=UTC).isoformat(), marts=dict(manifest.marts))
    made.marts = {name: replace(piece, mark=mark) for name, piece in manifest.marts.items()}
    if not any(changed.values()) and not any(gone.values()):
        return made, 0
    made.number = store.fresh_number()
    affected: dict[str, str] = {}
    for name, file in changed.items():
        touched = _touched(writer, name, file, gone[name])
        for rollup in [one for one in rollups.keys() if rollups.get(one).mart == name]:  # noqa: SIM118
            affected[rollup] = _customers(writer, manifest, rollup, file, touched)
        made.marts[name] = writer.keeper.changed(name, made.marts[name], "id", file, touched)
    made.rollups = {name: _summed(writer, made, name, affected.get(name)) for name in manifest.rollups}
    return made, total


def _with_changes(writer: Writer, manifest: Manifest) -> list[str]:
    """Return the marts in which something was written or deleted since their marks: one statement for all."""
    asked = []
    for name, piece in manifest.marts.items():
        mart, since = marts.get(name), f"'{int(piece.mark):d}'::xid8"
        of = f"tenant_id = {writer.tenant:d} AND version >= {since}"
        asked.append(
            f"SELECT '{name}' AS name WHERE EXISTS (SELECT 1 FROM {mart.table} WHERE {of})"
            f" OR EXISTS (SELECT 1 FROM warehouse_tombstone WHERE {of} AND of_table = '{mart.table}')"
        )
    return [row[0] for row in writer.source.values(" UNION ALL ".join(asked))] if asked else []


def _gone(writer: Writer, mart: Mart, since: str) -> list[int]:
    sql = f"SELECT DISTINCT \"row\" FROM warehouse_tombstone WHERE tenant_id = {writer.tenant:d} AND of_table = '{mart.table}'"
    return [row[0] for row in writer.source.values(f"{sql} AND version >= '{int(since):d}'::xid8")]


def _touched(writer: Writer, name: str, file: str, gone: list[int]) -> str:
    """Return the relation of the ids that were written or deleted: a table of DuckDB."""
    duck, table = writer.keeper.duck, f'"touched {name}"'
    duck.execute(f"CREATE OR REPLACE TEMP TABLE {table} (key BIGINT)")
    if file:
        duck.execute(f"INSERT INTO {table} SELECT id FROM read_parquet({quoted(writer.keeper.folder / file)})")
    if gone:
        duck.execute(f"INSERT INTO {table} SELECT unnest(?::BIGINT[])", [gone])
    return table


def _customers(writer: Writer, manifest: Manifest, name: str, file: str, touched: str) -> str:
    """Return the relation of the customers whose sums changed: those of the rows before and after."""
    rollup, table = rollups.get(name), f'"customers {name}"'
    before = f'SELECT "{rollup.key}" AS key FROM {writer.view(manifest, rollup.mart)} WHERE id IN (SELECT key FROM {touched})'
    after = f' UNION SELECT "{rollup.key}" FROM read_parquet({quoted(writer.keeper.folder / file)})' if file else ""
    duck = writer.keeper.duck
    duck.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT key FROM ({before}{after}) AS both_sides WHERE key IS NOT NULL"
    )
    return table


def _summed(writer: Writer, made: Manifest, name: str, customers: str | None) -> Piece:
    """Return a roll-up after a change of these customers' rows."""
    piece, rollup = made.rollups[name], rollups.get(name)
    if customers is None:
        return piece
    many = writer.keeper.one(f"SELECT count(*) FROM {customers}")[0]
    if many > ANEW_SHARE * piece.rows:
        return writer.sum_up(made, name)
    rows = f'(SELECT * FROM {writer.view(made, rollup.mart)} WHERE "{rollup.key}" IN (SELECT key FROM {customers}))'
    file, _count = writer.keeper.write(name, "changed", rollup.selected(rows, writer.zone))
    return writer.described(rollup, writer.keeper.changed(name, piece, rollup.key, file, customers))


def run_copy(run: JobRun) -> dict[str, Any]:
    """Copy the open company as a visible job; return the rows and the moment of the data."""
    copied = copy_company(run.job.tenant_id, run)
    return {"rows": copied.rows, "as_of": copied.as_of.isoformat()}
