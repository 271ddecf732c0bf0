"""Two batches of a file written at once come to the same as one after the other, whatever they have in common."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.accounts.models import User
from dialogue.platform.imports import actions
from dialogue.platform.imports.abreast import Turn, write_abreast
from dialogue.platform.imports.kinds import Line, import_kinds
from dialogue.platform.imports.models import Import, ImportRow, ImportState
from dialogue.platform.imports.running import Runner, run_import
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.jobs.models import Job
from dialogue.platform.search.models import SearchEntry
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
BATCH = 6
HEAD = "Name;E-mail;Phone;City;Own number;Site\n"


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.FILES_FOLDER = tmp_path
    with transaction.atomic():
        return make_cast()


@pytest.fixture
def abreast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let batches be small, and never one after the other."""
    kind = import_kinds.get("people")
    monkeypatch.setitem(import_kinds._items, "people", replace(kind, batch_size=BATCH))
    monkeypatch.delattr(Runner, "commit")


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let batches be small, one after the other."""
    with monkeypatch.context() as patch:
        kind = import_kinds.get("people")
        patch.setitem(import_kinds._items, "people", replace(kind, batch_size=BATCH, apart=None))
        yield patch


def load(company: int, user: User, text: str, mapping: Any = None) -> Import:
    """Load the file as a worker does, in no transaction of the caller's."""
    with tenant_scope(company):
        with transaction.atomic():
            by = member_actor(user)
            assert by
            run = actions.prepare_import([text.encode()], name="people.csv", kind="people", by=by)
            run = actions.map_import(run, mapping, by=by) if mapping else run
            run = actions.start_import(run, by=by)
            job = JobRun(Job.objects.get(pk=run.job))
        run_import(job, run.pk)
        with transaction.atomic():
            return Import.objects.get(pk=run.pk)


def told(run: Import) -> list[Any]:
    """Return the outcomes; which of several namesakes a nameless row's words point at is left open."""
    with tenant_scope(run.tenant_id), transaction.atomic():
        rows = ImportRow.objects.filter(run=run).order_by("number")
        reasons = [row.reason if (row.reason or {}).get("code") != "row-same" else "row-same" for row in rows]
        return [(row.number, row.outcome, reason) for row, reason in zip(rows, reasons, strict=True)]


def customers(company: int) -> list[Any]:
    with tenant_scope(company), transaction.atomic():
        found = []
        for party in Party.objects.order_by("pk").prefetch_related("contacts"):
            points = sorted((point.kind, point.normal) for point in party.contacts.all())
            found.append((party.name, party.external_id, party.city, tuple(points)))
        assert SearchEntry.objects.filter(kind="party").count() == len(found)
        return sorted(found)


def there_already(company: int, user: User) -> None:
    with tenant_scope(company), transaction.atomic():
        by = member_actor(user)
        assert by
        drafts = [
            NewParty(
                kind="person", name=f"Old {n}", external_id=f"N{n}", contacts=[Contact("email", f"e{n}@example.org"), Contact("phone", f"+4072200000{n}")]
            )
            for n in range(6)
        ]  # fmt: skip
        create_parties(drafts, by=by)


def a_file(seed: int) -> str:
    chance = random.Random(seed)
    rows = []
    for _row in range(70):
        # Few words, so that rows meet each other and those there already by any of their keys.
        mail = chance.choice(["", f"e{chance.randrange(40)}@example.org", "wrong"])
        phone = chance.choice(["", "", f"+407220000{chance.randrange(30):02d}"])
        name = chance.choice(["", f"Ion {chance.randrange(9)}", f"Old {chance.randrange(6)}"])
        number = chance.choice(["", "", "", f"N{chance.randrange(25)}"])
        site = chance.choice(["", "", "", f"https://ion{chance.randrange(5)}.example.org"])
        rows.append(f"{name};{mail};{phone};{chance.choice(['', 'Iași', 'Cluj'])};{number};{site}")
    return HEAD + "\n".join(rows) + "\n"


@pytest.mark.parametrize("seed", range(6))
def test_any_file_comes_to_the_same(
    seed: int, cast: Cast, one_by_one: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    companies = [(cast.other_company.pk, cast.stranger), (cast.company.pk, cast.owner)]
    text = a_file(seed)
    for company, user in companies:
        there_already(company, user)
    after_each_other = load(*companies[0], text)
    one_by_one.undo()
    request.getfixturevalue("abreast")

    at_once = load(*companies[1], text)

    assert (at_once.state, after_each_other.state) == (ImportState.DONE, ImportState.DONE)
    assert told(at_once) == told(after_each_other)
    assert customers(companies[1][0]) == customers(companies[0][0])
    counts = [(run.created, run.updated, run.skipped, run.refused, run.read_through) for run in (at_once, after_each_other)]
    assert counts[0] == counts[1]
    assert at_once.created
    assert at_once.refused


@pytest.mark.usefixtures("abreast")
def test_file_of_strangers_is_loaded_whole(cast: Cast) -> None:
    rows = "".join(f"Ion {n};ion{n}@example.org;;Iași;;\n" for n in range(100))

    run = load(cast.company.pk, cast.owner, HEAD + rows)

    assert (run.state, run.created, run.read_through) == (ImportState.DONE, 100, 101)
    assert [number for number, *_rest in told(run)] == list(range(2, 102))


@pytest.mark.usefixtures("abreast")
def test_batch_that_fails_leaves_those_before_it_and_none_after(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"Ion {n};ion{n}@example.org;;Iași;;\n" for n in range(60))
    write = Runner.write

    def failing(self: Runner, lines: list[Line], *rest: Any) -> Any:
        if any(line.number == 30 for line in lines):
            message = "the disk is gone"
            raise RuntimeError(message)
        return write(self, lines, *rest)

    monkeypatch.setattr(Runner, "write", failing)
    with pytest.raises(RuntimeError, match="the disk is gone"):
        load(cast.company.pk, cast.owner, HEAD + rows)

    with tenant_scope(cast.company.pk), transaction.atomic():
        run = Import.objects.get()
        assert (run.state, run.created, run.read_through) == (ImportState.FAILED, 24, 25)
        assert Party.objects.count() == 24
        assert ImportRow.objects.filter(run=run).count() == 24


@pytest.mark.usefixtures("abreast")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Found by the name of a customer whom the batch before has only touched.
        ([f";e{n}@example.org;;Iași;;" for n in range(BATCH)], [f"Old {n};;;;;" for n in range(BATCH)]),
        # A site is a contact by which nobody is looked for.
        (
            [f"Ion {n};i{n}@example.org;;;;" for n in range(BATCH)],
            [f"Ion {n};;;;;https://ion{n}.example.org" for n in range(BATCH)],
        ),
    ],
)
def test_rows_found_by_name_alone_make_no_second_customer(before: list[str], after: list[str], cast: Cast) -> None:
    there_already(cast.company.pk, cast.owner)

    run = load(cast.company.pk, cast.owner, HEAD + "\n".join([*before, *after]) + "\n")

    assert run.skipped + run.updated >= BATCH
    assert len(customers(cast.company.pk)) == 6 + run.created
    assert run.created == (0 if before[0].startswith(";") else BATCH)


@pytest.mark.usefixtures("abreast")
def test_answer_lost_after_the_commit_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_self: Runner, _now: Import) -> None:
        message = "the connection is gone"
        raise OSError(message)

    monkeypatch.setattr(Runner, "_keep", lost)
    with pytest.raises(OSError, match="the connection is gone"):
        load(cast.company.pk, cast.owner, HEAD + "Ion;ion@example.org;;Iași;;\n")

    with tenant_scope(cast.company.pk), transaction.atomic():
        run = Import.objects.get()
        assert (run.state, run.error) == (ImportState.FAILED, "OSError: the connection is gone")
        assert Party.objects.count() == 1


def test_batches_that_hold_what_the_other_needs_both_come_through(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        with transaction.atomic():
            by: Actor | None = member_actor(cast.owner)
            assert by
            first, second = create_parties([NewParty(kind="person", name=name) for name in ("Anna", "Boris")], by=by)
        second_is_there = Event()
        order, tries = {1: [first, second], 2: [second, first]}, []

        def commit(turn: Turn) -> None:
            number = turn.lines[0].number
            tries.append(number)
            if number == 2:
                second_is_there.set()
            with transaction.atomic():
                turn.begin()
                for step, pk in enumerate(order[number]):
                    Party.objects.filter(pk=pk).update(city=f"City {number}")
                    if not step and tries == [1]:
                        # The second batch takes its first row meanwhile, or is waiting for it.
                        assert second_is_there.wait(5)
                turn.alone()

        lines = [[Line(number, {}, [])] for number in (1, 2)]
        written = [batch[0].number for batch in write_abreast(lines, lambda _line: ((), ()), commit, 1)]

        with transaction.atomic():
            assert written == [1, 2]
            assert set(Party.objects.values_list("city", flat=True)) == {"City 2"}
    assert not connection.in_atomic_block
