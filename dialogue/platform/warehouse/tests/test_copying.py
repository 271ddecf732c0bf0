"""The copy and the refresh against PostgreSQL's own rows, with other connections writing meanwhile."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.warehouse import pieces, store
from dialogue.platform.warehouse.copying import copy_company, refresh_company
from dialogue.platform.warehouse.errors import NotInWarehouse
from dialogue.platform.warehouse.folding import LETTERS, SURROGATES, disputed, with_upper
from dialogue.platform.warehouse.marts import Mart, marts, rollups
from dialogue.platform.warehouse.models import Life, Tombstone
from dialogue.platform.warehouse.reading import asking
from dialogue.platform.warehouse.source import Source
from dialogue.platform.warehouse.starting import ask_for_copy, begin_if_worth
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
ALL_PURCHASES = (
    "SELECT id, party_id, (amount * 10000)::bigint, currency, is_return FROM purchases_purchase WHERE tenant_id = %s"
)
KEPT_PURCHASES = "SELECT id, party_id, amount, currency, is_return FROM purchase"
SPEND = """SELECT party_id, currency, count(*), min(at AT TIME ZONE 'UTC'), max(at AT TIME ZONE 'UTC'),
 sum((amount * 10000)::bigint)::bigint FROM purchases_purchase WHERE tenant_id = %s AND party_id IS NOT NULL GROUP BY 1, 2"""
WRITE = """INSERT INTO purchases_purchase (tenant_id, created_at, updated_at, at, party_id, external_id, amount, currency,
 is_return, note) VALUES (%s, now(), now(), now(), %s, '', %s, 'EUR', false, '') RETURNING id"""


@pytest.fixture
def cast(tmp_path: Path, settings: Any) -> Cast:
    settings.WAREHOUSE_ROOT = tmp_path / "warehouse"
    return make_cast()


def test_only_a_refresh_reads_by_version(cast: Cast) -> None:
    with tenant_scope(cast.company.pk), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plans = []
        for condition in ("version >= '5'::xid8", "id = 7"):
            cursor.execute(f"EXPLAIN SELECT id FROM purchases_purchase WHERE tenant_id = {cast.company.pk} AND {condition}")
            plans.append(" ".join(row[0] for row in cursor.fetchall()))
    assert "purchases_purchase_version" in plans[0]
    assert "purchases_purchase_version" not in plans[1]


def test_what_changed_is_asked_by_the_end_of_an_index(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_company(cast.company.pk)
    with tenant_scope(cast.company.pk), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WRITE, [cast.company.pk, None, 10])
    said: list[tuple[str, bool]] = []
    stream, by_pages = Source.stream, Source.by_pages
    forbidden: list[bool] = []

    def noting(self: Source, sql: str) -> Any:
        said.append((sql, bool(forbidden)))
        return stream(self, sql)

    monkeypatch.setattr(Source, "stream", noting)
    monkeypatch.setattr(Source, "by_pages", lambda self: (by_pages(self), forbidden.append(True)))
    assert refresh_company(cast.company.pk) is not None
    # The setting under which rows are read would have the newest version looked for in the whole table.
    assert [late for sql, late in said if "ORDER BY version DESC" in sql] == [False]
    assert [late for sql, late in said if "FROM purchases_purchase WHERE" in sql and "version >=" in sql] == [True]


def another_connection() -> psycopg.Connection[Any]:
    given = connections["owner"].get_connection_params()
    return psycopg.connect(host=given["host"], dbname=given["dbname"], user=given["user"])


def in_postgres(sql: str, tenant: int) -> list[tuple[Any, ...]]:
    with tenant_scope(tenant), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [tenant])
        return sorted(cursor.fetchall(), key=repr)


def in_warehouse(sql: str, tenant: int) -> list[tuple[Any, ...]]:
    with asking(tenant) as (_manifest, cursor):
        return sorted(cursor.execute(sql).fetchall(), key=repr)


def agree(tenant: int) -> None:
    assert in_warehouse(KEPT_PURCHASES, tenant) == in_postgres(ALL_PURCHASES, tenant)
    assert in_warehouse('SELECT party_id, currency, n, "first", "last", total FROM spend', tenant) == in_postgres(SPEND, tenant)
    manifest = store.manifest_of(tenant)
    assert manifest is not None
    for name in rollups.keys():  # noqa: SIM118
        rollup = rollups.get(name)
        columns = ", ".join(f'"{column}"' for column in rollup.types)
        anew = f"SELECT {columns} FROM ({rollup.selected(rollup.mart, manifest.zone)})"
        assert in_warehouse(f"SELECT {columns} FROM {name}", tenant) == in_warehouse(anew, tenant)


def test_every_mart_holds_what_its_table_holds(cast: Cast) -> None:
    a_person(cast, "Ștefania Țurcanu", email="s@example.org", phone="+37360123456")
    copied = copy_company(cast.company.pk)
    manifest = store.manifest_of(cast.company.pk)
    assert manifest is not None
    assert manifest.moment == copied.as_of
    assert set(manifest.marts) == set(marts.keys())
    for name in marts.keys():  # noqa: SIM118
        mart = marts.get(name)
        columns = ", ".join(f'"{column}"' for column in mart.types)
        raised = "".join(f', upper("{column}")' for column in mart.searched)
        sql = f"SELECT {mart.selected}{raised} FROM {mart.table} WHERE tenant_id = %s"
        assert in_warehouse(f"SELECT {columns} FROM {name}", cast.company.pk) == in_postgres(sql, cast.company.pk)


def test_upper_case_is_postgresqls_own_for_any_letters(cast: Cast) -> None:
    chance, duck = random.Random(7), duckdb.connect()
    with Source(cast.company.pk, duck) as source:
        letters = disputed(source, f"test {cast.company.pk}")
    assert letters["ß"] == "SS"
    every = [chr(one) for one in LETTERS if not SURROGATES[0] <= one <= SURROGATES[1]]
    texts = ["".join(chance.choices([*every, *sorted(letters) * 200], k=chance.randrange(9))) for _number in range(3000)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT one, upper(one) FROM unnest(%s::text[]) AS one", [[*texts, None]])
        theirs = cursor.fetchall()
    duck.execute("CREATE TABLE held AS SELECT unnest(?::VARCHAR[]) AS name", [[*texts, None]])
    raised = with_upper(Mart(marts.get("party").model, ("name",), searched=("name",)), "held", letters)
    assert duck.execute(raised).fetchall() == theirs


def test_stranger_has_no_warehouse_and_his_rows_are_not_copied(cast: Cast) -> None:
    a_person(cast, "Ion")
    copy_company(cast.company.pk)
    copy_company(cast.other_company.pk)
    assert in_warehouse("SELECT count(*) FROM party", cast.other_company.pk) == [(0,)]
    store.forget(cast.other_company.pk)
    with pytest.raises(NotInWarehouse):
        in_warehouse("SELECT 1", cast.other_company.pk)


class Writers:
    """A few connections that insert, change and delete purchases, some of them in transactions that end late."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.tenant, self.chance = cast.company.pk, random.Random(seed)
        self.people = [a_person(cast, f"Ion {number}").pk for number in range(5)]
        self.open = [another_connection() for _number in range(3)]

    def step(self, number: int, what: str) -> None:
        """Do one thing on one of the connections, in its open transaction."""
        with self.open[number].cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
            try:
                self._write(cursor, what)
            except psycopg.errors.LockNotAvailable:
                self.open[number].rollback()

    def _write(self, cursor: Any, what: str) -> None:
        person, amount = self.chance.choice(self.people), self.chance.randrange(1, 999)
        some = "SELECT id FROM purchases_purchase WHERE tenant_id = %s ORDER BY md5(id::text || %s) LIMIT 2"
        salt = str(amount)
        if what == "insert":
            cursor.execute(WRITE, [self.tenant, person, amount])
        elif what == "change":
            cursor.execute(
                f"UPDATE purchases_purchase SET amount = %s, party_id = %s WHERE id IN ({some})",
                [amount, person, self.tenant, salt],
            )
        elif what == "move":
            cursor.execute(
                f"UPDATE purchases_purchase SET at = at + %s * interval '1 day' WHERE id IN ({some})",
                [self.chance.randrange(-60, 60), self.tenant, salt],
            )
        else:
            cursor.execute(f"DELETE FROM purchases_purchase WHERE id IN ({some})", [self.tenant, salt])

    def end(self, number: int, *, well: bool) -> None:
        """End a connection's transaction."""
        self.open[number].commit() if well else self.open[number].rollback()

    def close(self) -> None:
        """End everything."""
        for one in self.open:
            one.commit()
            one.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 2), st.sampled_from(["insert", "insert", "change", "move", "delete"])),
        st.tuples(st.just("end"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("refresh"), st.just(0), st.just("")),
    ),
    min_size=5,
    max_size=40,
)


@pytest.mark.parametrize("examples", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_late_transactions_lose_no_row_and_double_none(cast: Cast, examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # So few rows are put into one file now and then, too.
    monkeypatch.setattr(pieces, "MOST_LOOSE", 3)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(steps, st.integers(0, 10**6))
    def hold(done: list[tuple[str, int, Any]], seed: int) -> None:
        store.forget(cast.company.pk)
        writers = Writers(cast, seed)
        try:
            for number in range(3):
                writers.step(number, "insert")
                writers.end(number, well=True)
            writers.step(0, "insert")  # open while the copy is made
            copy_company(cast.company.pk)
            for verb, number, what in done:
                if verb == "write":
                    writers.step(number, what)
                elif verb == "end":
                    writers.end(number, well=what)
                else:
                    assert refresh_company(cast.company.pk) is not None
        finally:
            writers.close()
        refresh_company(cast.company.pk)
        agree(cast.company.pk)

    hold()


@pytest.mark.slow
def test_writers_at_full_speed_lose_no_row(cast: Cast) -> None:
    copy_company(cast.company.pk)
    writers = Writers(cast, 5)
    stop = threading.Event()

    def work(number: int) -> None:
        chance = random.Random(number)
        while not stop.is_set():
            for _step in range(chance.randrange(1, 30)):
                writers.step(number, chance.choice(["insert", "insert", "change", "move", "delete"]))
            writers.end(number, well=chance.random() < 0.9)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for _round in range(20):
        refresh_company(cast.company.pk)
        rows = in_warehouse("SELECT count(*), count(DISTINCT id) FROM purchase", cast.company.pk)[0]
        assert rows[0] == rows[1]
    stop.set()
    for thread in threads:
        thread.join()
    writers.close()
    refresh_company(cast.company.pk)
    agree(cast.company.pk)


def test_copy_that_was_cancelled_goes_on_where_it_stopped(cast: Cast) -> None:
    a_person(cast, "Ion")
    with tenant_scope(cast.company.pk), transaction.atomic():
        job = ask_for_copy(cast.actor(cast.owner))
        assert job is not None
        assert ask_for_copy(cast.actor(cast.owner)) is None

    class Stopping(JobRun):
        def advance(self, done: int, total: int | None = None, note: str = "") -> None:
            if done == 3:
                raise JobCancelled

    with tenant_scope(cast.company.pk):
        with pytest.raises(JobCancelled):
            copy_company(cast.company.pk, Stopping(job))
        assert store.manifest_of(cast.company.pk) is None
        kept = store.making_of(cast.company.pk)
        assert kept is not None
        assert len(kept.marts) >= 3
        copy_company(cast.company.pk, JobRun(job))
    made = store.manifest_of(cast.company.pk)
    assert made is not None
    assert {name: piece.base for name, piece in kept.marts.items()}.items() <= {
        name: piece.base for name, piece in made.marts.items()
    }.items()
    assert store.making_of(cast.company.pk) is None


def test_reader_keeps_his_files_while_the_writer_goes_on(cast: Cast) -> None:
    a_person(cast, "Ion")
    copy_company(cast.company.pk)
    folder = store.folder_of(cast.company.pk)
    with asking(cast.company.pk) as (manifest, cursor):
        before = manifest.files
        for _round in range(3):
            a_person(cast, "Ana")
            refresh_company(cast.company.pk)
        assert all((folder / name).exists() for name in before)
        assert cursor.execute("SELECT count(*) FROM party").fetchall() == [(1,)]
    a_person(cast, "Dan")
    refresh_company(cast.company.pk)
    now = store.manifest_of(cast.company.pk)
    assert now is not None
    assert {file.name for file in folder.glob("*.parquet")} == now.files
    assert in_warehouse("SELECT count(*) FROM party", cast.company.pk) == [(5,)]


def test_refresh_stamps_the_moment_even_when_nothing_changed(cast: Cast) -> None:
    first = copy_company(cast.company.pk)
    again = refresh_company(cast.company.pk)
    assert again is not None
    assert again.as_of > first.as_of


def test_tombstones_are_forgotten_when_the_warehouse_has_read_them(cast: Cast) -> None:
    person = a_person(cast, "Ion", email="ion@example.org")
    copy_company(cast.company.pk)
    with tenant_scope(cast.company.pk), transaction.atomic():
        person.contacts.all().delete()
        assert Tombstone.objects.count() == 1
    refresh_company(cast.company.pk)
    refresh_company(cast.company.pk)
    assert in_warehouse("SELECT count(*) FROM contact_point", cast.company.pk) == [(0,)]
    with tenant_scope(cast.company.pk), transaction.atomic():
        assert Tombstone.objects.count() == 0


def test_copy_begun_beside_a_warehouse_does_not_bring_back_what_was_deleted_meanwhile(cast: Cast) -> None:
    person = a_person(cast, "Ion", email="ion@example.org")
    copy_company(cast.company.pk)
    folder = store.folder_of(cast.company.pk)
    first = store.manifest_of(cast.company.pk)
    assert first is not None
    # As a copy leaves it that was killed before its last mart.
    store.keep_making(cast.company.pk, replace(first, number=store.fresh_number()))
    with tenant_scope(cast.company.pk), transaction.atomic():
        person.contacts.all().delete()
    refresh_company(cast.company.pk)
    refresh_company(cast.company.pk)
    made = store.manifest_of(cast.company.pk)
    assert made is not None
    assert {file.name for file in folder.glob("*.parquet")} == made.files
    copy_company(cast.company.pk)
    assert in_warehouse("SELECT count(*) FROM contact_point", cast.company.pk) == [(0,)]


def test_another_life_of_the_database_voids_the_files(cast: Cast) -> None:
    copy_company(cast.company.pk)
    with tenant_scope(cast.company.pk), transaction.atomic():
        Life.objects.all().delete()
    assert refresh_company(cast.company.pk) is None
    assert not store.folder_of(cast.company.pk).exists()


def test_company_that_is_gone_leaves_no_files(cast: Cast) -> None:
    copy_company(cast.company.pk)
    folder = store.folder_of(cast.company.pk)
    folder.rename(store.folder_of(10**9))
    refresh_company(10**9)
    assert not store.folder_of(10**9).exists()


def test_broken_files_are_no_answer(cast: Cast) -> None:
    copy_company(cast.company.pk)
    manifest = store.manifest_of(cast.company.pk)
    assert manifest is not None
    file = store.folder_of(cast.company.pk) / manifest.marts["party"].base
    whole = file.read_bytes()
    file.write_bytes(whole[:4] + bytes(len(whole) - 8) + whole[-4:])
    with pytest.raises(NotInWarehouse), asking(cast.company.pk) as (_manifest, cursor):
        cursor.execute("SELECT count(*) FROM party").fetchall()


def test_night_leaves_tombstones_to_a_copy_being_made(cast: Cast) -> None:
    by, tenant = cast.actor(cast.owner), cast.company.pk
    with tenant_scope(tenant), transaction.atomic():
        Tombstone.objects.create(of_table="purchases_purchase", row=7)
    with duckdb.connect() as duck, Source(tenant, duck) as source:
        source.lock()
        with tenant_scope(tenant), transaction.atomic():
            begin_if_worth(by)
            assert Tombstone.objects.count() == 1
    with tenant_scope(tenant), transaction.atomic():
        begin_if_worth(by)
        assert Tombstone.objects.count() == 0


def test_newest_moment_of_monthly_sums_follows_what_goes_and_comes(cast: Cast) -> None:
    tenant = cast.company.pk
    party = a_person(cast, "Ion").pk
    monthly = [name for name in rollups.keys() if rollups.get(name).monthly and rollups.get(name).mart == "purchase"]  # noqa: SIM118

    def write(day: int | None) -> None:
        with tenant_scope(tenant), transaction.atomic(), connection.cursor() as cursor:
            if day is None:
                cursor.execute("DELETE FROM purchases_purchase WHERE at = (SELECT max(at) FROM purchases_purchase)")
                return
            cursor.execute(WRITE, [tenant, party, day])
            moment = "('2026-01-01 12:00+00'::timestamptz + %s * interval '1 day')"
            cursor.execute(f"UPDATE purchases_purchase SET at = {moment} WHERE id = %s", [day, cursor.fetchone()[0]])

    write(3)
    copy_company(tenant)
    for day in (5, 1, None, None, 2, None, 7):
        write(day)
        assert refresh_company(tenant) is not None
        manifest = store.manifest_of(tenant)
        assert manifest is not None
        for name in monthly:
            ((last,),) = in_warehouse(f'SELECT max("last") FROM "{name}"', tenant)
            assert manifest.rollups[name].latest == (last.isoformat() if last else "")
