"""The journal belongs to its import, though the database checks it once a statement."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from dialogue.kit.scope import tenant_scope
from dialogue.platform.imports.models import Import, ImportChange, ImportRow, Outcome
from tests.cast import make_cast

pytestmark = pytest.mark.django_db


def make_import() -> Import:
    return Import.objects.create(kind="people", file_name="a.csv", file="a", fingerprint="a", size=1)


def lines_of(*runs: int) -> list[ImportRow]:
    return [ImportRow(run_id=run, number=number, outcome=Outcome.CREATED) for number, run in enumerate(runs)]


def test_rows_of_no_import_are_refused_with_the_whole_statement() -> None:
    with tenant_scope(make_cast().company.pk):
        run = make_import()
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportRow.objects.bulk_create(lines_of(run.pk, run.pk, run.pk + 1000))
        ImportRow.objects.bulk_create(lines_of(run.pk))
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportRow.objects.update(run_id=run.pk + 1000)
        assert ImportRow.objects.get().run_id == run.pk


def test_an_import_of_another_company_is_no_import() -> None:
    cast = make_cast()
    with tenant_scope(cast.other_company.pk):
        foreign = make_import()
    with tenant_scope(cast.company.pk), pytest.raises(IntegrityError), transaction.atomic():
        ImportRow.objects.bulk_create(lines_of(foreign.pk))


def test_removing_an_import_removes_its_journal_alone() -> None:
    with tenant_scope(make_cast().company.pk):
        gone, kept = make_import(), make_import()
        ImportRow.objects.bulk_create(lines_of(gone.pk, kept.pk))
        ImportChange.objects.create(run=gone, model="parties.party", row_id=1, made=True)
        Import.objects.filter(pk=gone.pk)._raw_delete("default")
        assert [row.run_id for row in ImportRow.objects.all()] == [kept.pk]
        assert not ImportChange.objects.exists()
