"""People and companies from files: matched, refused row by row, resumed after a kill, undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from dialogue.customers.parties.actions import change_party, create_party
from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.models import Address, ContactPoint, Party
from dialogue.customers.parties.searching import index_parties
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput, NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.platform.imports import actions
from dialogue.platform.imports.kinds import import_kinds
from dialogue.platform.imports.models import Import, ImportChange, ImportRow, ImportState
from dialogue.platform.imports.running import Runner, begin, run_import, try_import
from dialogue.platform.imports.undoing import run_undo
from dialogue.platform.jobs.errors import JobCancelled
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.jobs.models import Job
from dialogue.platform.search.finding import find
from dialogue.platform.search.models import SearchEntry
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=False)

PEOPLE = """ФИО;E-mail;Телефон;Компания;Должность;Город
Анна Щукина;anna.s@example.org;8 920 123-45-67;ООО «Ромб»;Директор;Рязань
Пётр Жуков;petr@example.org;;ООО «Ромб»;Инженер;Рязань
Ольга Ёлкина;olga@example.org;;;;Москва
"""


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Iterator[Cast]:
    settings.FILES_FOLDER = tmp_path
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


def prepare(cast: Cast, text: str | bytes, *, kind: str = "people", name: str = "people.csv", mapping: Any = None) -> Import:
    by = cast.actor(cast.owner)
    content = text if isinstance(text, bytes) else text.encode()
    run = actions.prepare_import([content], name=name, kind=kind, by=by)
    return actions.map_import(run, mapping, by=by) if mapping else run


def job_of(run: Import) -> JobRun:
    return JobRun(Job.objects.get(pk=run.job))


def load(cast: Cast, text: str | bytes, *, again: bool = False, **options: Any) -> Import:
    run = prepare(cast, text, **options)
    run = actions.start_import(run, by=cast.actor(cast.owner), again=again)
    run_import(job_of(run), run.pk)
    return Import.objects.get(pk=run.pk)


def outcomes(run: Import) -> list[tuple[int, str, str]]:
    rows = ImportRow.objects.filter(run=run).order_by("number")
    return [(row.number, row.outcome, (row.reason or {}).get("code", "")) for row in rows]


def undo(cast: Cast, run: Import) -> dict[str, int]:
    actions.undo_import(run, by=cast.actor(cast.owner))
    return run_undo(run.pk)


def test_people_are_guessed_loaded_and_tied_to_companies(cast: Cast) -> None:
    run = load(cast, PEOPLE)
    assert (run.state, run.rows, run.created, run.refused) == (ImportState.DONE, 3, 3, 0)
    anna = Party.objects.get(name="Анна Щукина")
    assert (anna.company.name, anna.position, anna.city) == ("ООО «Ромб»", "Директор", "Рязань")
    assert ContactPoint.objects.get(party=anna, kind="phone").normal == "+79201234567"
    assert Party.objects.companies().count() == 1


def test_same_file_is_refused_with_its_date_until_said_again(cast: Cast) -> None:
    first = load(cast, PEOPLE)
    with pytest.raises(Conflict, match=r"This file was imported on .*\d{4}") as caught:
        load(cast, PEOPLE)
    assert caught.value.facts["before"] == first.pk
    again = load(cast, PEOPLE, again=True)
    assert (again.created, again.skipped) == (0, 3)
    assert Party.objects.count() == 4


def test_known_people_are_updated_by_their_key_and_restored_by_undo(cast: Cast) -> None:
    load(cast, PEOPLE)
    changed = "Имя и фамилия;Email;Телефон;Город\nАнна Щукина;ANNA.S@example.org;+7 920 123-45-67;Тула\n"
    changed += "Новый Человек;new@example.org;+7 920 000-00-01;Тула\nПётр Жуков;petr@example.org;;\n"
    run = load(cast, changed)
    assert [outcome for _number, outcome, _code in outcomes(run)] == ["updated", "created", "skipped"]
    assert Party.objects.get(name="Анна Щукина").city == "Тула"
    result = undo(cast, run)
    assert result["kept"] == 0
    anna = Party.objects.get(name="Анна Щукина")
    assert (anna.city, anna.position) == ("Рязань", "Директор")
    assert not Party.objects.filter(name="Новый Человек").exists()
    assert set(SearchEntry.objects.values_list("record", flat=True)) == set(Party.objects.values_list("pk", flat=True))
    assert anna.contacts.count() == 2
    assert Import.objects.get(pk=run.pk).state == ImportState.UNDONE


def test_undo_keeps_what_was_changed_or_referred_to_and_lists_it(cast: Cast) -> None:
    run = load(cast, PEOPLE)
    change_party(Party.objects.get(name="Пётр Жуков"), {"position": "Главный инженер"}, by=cast.actor(cast.owner))
    result = undo(cast, run)
    assert set(Party.objects.values_list("name", flat=True)) == {"Пётр Жуков", "ООО «Ромб»"}
    kept = dict(ImportChange.objects.filter(run=run).exclude(kept="").values_list("label", "kept"))
    assert kept == {"Пётр Жуков": "changed", "ООО «Ромб»": "referred"}
    assert (result["removed"], result["kept"]) == (2, 2)
    assert ContactPoint.objects.count() == 1
    with pytest.raises(Conflict):
        actions.undo_import(run, by=cast.actor(cast.owner))
    # What an undo took back may be loaded again without more words.
    assert load(cast, PEOPLE).created == 2


def test_bad_rows_are_refused_in_words_and_the_others_loaded(cast: Cast) -> None:
    text = "name;email;phone;birthday\n"
    text += "A;a@example.org;;31/12/1976\nB;not an address;;01/13/1980\nC;c@example.org;12;12/31/1976\n"
    text += 'D;"d@example.org"x;;\nE;e@example.org;;NA\nF;a@example.org;;\n;;;\n;;;05.05.1990\nG;g@example.org;;2016-02-30\n'
    run = load(cast, text)
    assert outcomes(run) == [
        (2, "created", ""),
        (3, "refused", "date-order"),
        (4, "refused", "date-order"),
        (5, "refused", "row-quotes"),
        (6, "refused", "date-missing"),
        (7, "refused", "key-twice"),
        (9, "refused", "row-wrong"),
        (10, "refused", "date-none"),
    ]
    row = ImportRow.objects.get(run=run, number=4)
    assert "12/31/1976" in row.words
    assert "birthday" in row.words
    assert row.cells[0] == "C"
    assert Party.objects.count() == 1


def test_wrong_contacts_are_refused_by_row(cast: Cast) -> None:
    run = load(cast, "name,email,phone\nA,not an address,\nB,b@example.org,1\nC,c@example.org,+7 920 123 45 67\n")
    assert [outcome for _number, outcome, _code in outcomes(run)] == ["refused", "refused", "created"]
    assert "name@example.org" in ImportRow.objects.get(run=run, number=2).words


def test_key_that_stands_in_an_earlier_batch_is_refused_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    object.__setattr__(import_kinds.get("people"), "batch_size", 2)
    try:
        run = load(cast, "name,email\nA,a@example.org\nB,b@example.org\nC,c@example.org\nD,A@example.org\n")
    finally:
        object.__setattr__(import_kinds.get("people"), "batch_size", 1000)
    assert outcomes(run)[3] == (5, "refused", "key-twice")
    assert Party.objects.filter(name="A").exists()


def test_killed_import_goes_on_where_it_stopped(cast: Cast) -> None:
    text = "name,email\n" + "".join(f"P{number},p{number}@example.org\n" for number in range(10))
    run = prepare(cast, text)
    run = actions.start_import(run, by=cast.actor(cast.owner))
    object.__setattr__(import_kinds.get("people"), "batch_size", 3)
    try:
        row = begin(run.pk)
        runner = Runner(row, cast.actor(cast.owner))
        batches = runner.batches()
        runner.commit(next(batches))
        with transaction.atomic():
            # The kill: a batch that was written but not committed leaves nothing.
            runner.write(next(batches))
            transaction.set_rollback(True)
        assert Party.objects.count() == 3
        run_import(job_of(run), run.pk)
    finally:
        object.__setattr__(import_kinds.get("people"), "batch_size", 1000)
    done = Import.objects.get(pk=run.pk)
    assert (done.state, done.created, Party.objects.count()) == (ImportState.DONE, 10, 10)
    assert len(outcomes(done)) == 10


def test_two_workers_on_one_import_load_each_row_once(cast: Cast) -> None:
    run = prepare(cast, "name,email\nA,a@example.org\nB,b@example.org\n")
    run = actions.start_import(run, by=cast.actor(cast.owner))
    first, second = (Runner(begin(run.pk), cast.actor(cast.owner)) for _each in range(2))
    first.commit(next(first.batches()))
    with pytest.raises(JobCancelled):
        second.commit(next(second.batches()))
    assert Party.objects.count() == 2


def test_stopped_import_keeps_its_rows_and_can_go_on_or_be_undone(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    run = actions.start_import(prepare(cast, PEOPLE), by=by)
    actions.stop_import(run, by=by)
    stopped = Import.objects.get(pk=run.pk)
    assert stopped.state == ImportState.CANCELLED
    resumed = actions.resume_import(stopped, by=by)
    run_import(job_of(resumed), run.pk)
    assert Import.objects.get(pk=run.pk).created == 3


def test_dry_run_tells_every_row_and_changes_nothing(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    run = actions.try_import(prepare(cast, PEOPLE + "X;wrong;;;;\n"), by=by)
    try_import(job_of(run), run.pk)
    tried = Import.objects.get(pk=run.pk)
    assert tried.state == ImportState.DRAFT
    assert (tried.trial["created"], tried.trial["refused"]) == (3, 1)
    assert [line["outcome"] for line in tried.trial["lines"]] == ["created", "created", "created", "refused"]
    assert Party.objects.count() == 0
    assert not ImportRow.objects.exists()
    assert not ImportChange.objects.exists()


def test_map_that_lacks_a_field_is_refused_with_the_guess(cast: Cast) -> None:
    run = prepare(cast, "foo;bar\n1;2\n")
    with pytest.raises(InvalidInput, match="Full name"):
        actions.start_import(run, by=cast.actor(cast.owner))
    assert actions.guess_words(run)["columns"] == ["foo", "bar"]


def test_wrong_maps_are_refused_by_name(cast: Cast) -> None:
    for mapping, field in (
        ({"columns": {"nope": "name"}}, "columns.nope"),
        ({"columns": {"ФИО": "nothing"}}, "columns.ФИО"),
        ({"columns": {"ФИО": "name", "Город": "name"}}, "columns.Город"),
        ({"columns": {"ФИО": "name"}, "order": "ymd"}, "order"),
        ({"columns": {"ФИО": "name"}, "match": "moon"}, "match"),
        ({"columns": {"ФИО": "name"}, "values": {"moon": 1}}, "values.moon"),
    ):
        with pytest.raises(InvalidInput) as caught:
            actions.start_import(prepare(cast, PEOPLE, mapping=mapping), by=cast.actor(cast.owner))
        assert field in caught.value.errors
    with pytest.raises(Refusal):
        prepare(cast, PEOPLE, mapping={"columns": [1]})


def test_characteristics_are_filled_and_defined_from_the_map(cast: Cast) -> None:
    define_characteristic("party", label="Бюджет", kind="money", code="budget", by=cast.actor(cast.owner))
    mapping = {
        "columns": {
            "ФИО": "name",
            "Бюджет": "characteristics.budget",
            "Тип": {"to": "characteristics.type", "label": "Тип клиента", "kind": "choice"},
        }
    }
    run = load(cast, "ФИО;Бюджет;Тип\nА Б;1 520 000 руб.;Опт\nВ Г;1.520.000,50;Розница\n", mapping=mapping)
    assert run.refused == 0
    values = dict(Party.objects.values_list("name", "characteristics"))
    assert values["А Б"] == {"budget": {"amount": "1520000", "currency": "RUB"}, "type": "opt"}
    assert values["В Г"]["budget"]["amount"] == "1520000.5"


def test_profile_keeps_the_map(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    run = prepare(cast, PEOPLE, mapping={"columns": {"ФИО": "name"}, "match": "name"})
    profile = actions.save_profile(run, " Из бухгалтерии ", by=by)
    assert (profile.name, profile.mapping["match"]) == ("Из бухгалтерии", "name")


def test_companies_are_matched_by_name(cast: Cast) -> None:
    load(cast, "Название;ИНН\nООО «Ромб»;7701234567\n", kind="companies")
    run = load(cast, "Название;Город\nООО «РОМБ»;Рязань\nНовая;Тула\n", kind="companies")
    assert [outcome for _number, outcome, _code in outcomes(run)] == ["updated", "created"]
    firm = Party.objects.get(tax_number="7701234567")
    assert (firm.name, firm.city) == ("ООО «РОМБ»", "Рязань")


def test_seller_may_not_import(cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        actions.prepare_import([PEOPLE.encode()], name="a.csv", kind="people", by=cast.actor(cast.seller))


def test_stranger_sees_no_import(cast: Cast) -> None:
    run = load(cast, PEOPLE)
    with tenant_scope(cast.other_company.pk):
        stranger = Actor(tenant=cast.other_company.pk, label="x", everything=True)
        assert not Import.objects.visible_to(stranger).filter(pk=run.pk).exists()


def test_imported_customers_are_found_at_once_and_as_if_indexed_anew(cast: Cast) -> None:
    load(cast, PEOPLE)
    by = cast.actor(cast.owner)
    for part in ("щукин", "Shchukina", "920 123-45-67", "olga@exam", "ромб"):
        assert find(part, by), part
    written = list(SearchEntry.objects.order_by("record").values_list("record", "head", "found", "grams"))
    index_parties(list(Party.objects.values_list("pk", flat=True)))
    assert list(SearchEntry.objects.order_by("record").values_list("record", "head", "found", "grams")) == written


def test_customer_made_alone_is_as_one_of_many(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    draft = NewParty(
        last_name="Дуликов",
        first_name="Иван",
        contacts=[Contact("email", "I.Dulikov@Автопром.РФ"), Contact("phone", "8 920 123-45-67", label="work")],
        address={"city": "Рязань", "street": "Ленина"},
        note="  VIP ",
    )
    alone = create_party(draft, by=by)
    (other,) = create_parties([draft], by=by)
    left_out = {"id", "party_id", "created_at", "updated_at", "phase_since", "record"}

    def told(pk: int) -> list[dict[str, Any]]:
        rows = [*Party.objects.filter(pk=pk), *ContactPoint.objects.filter(party=pk), *Address.objects.filter(party=pk)]
        rows += SearchEntry.objects.filter(kind="party", record=pk)
        return [
            {name: value for name, value in row.__dict__.items() if name not in left_out and name[0] != "_"} for row in rows
        ]

    assert told(alone.pk) == told(other)
    kept = Party.objects.get(pk=alone.pk)
    assert {name: getattr(alone, name) for name in ("name", "city", "note", "updated_at", "kind")} == {
        name: getattr(kept, name) for name in ("name", "city", "note", "updated_at", "kind")
    }
    assert [point.pk for point in alone.contacts.all()] == [point.pk for point in kept.contacts.all()]
