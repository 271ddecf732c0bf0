"""The planner knows of a large import at once."""

from __future__ import annotations

import pytest
from django.db import connection

from dialogue.kit.scope import tenant_scope
from dialogue.platform.imports.kinds import import_kinds
from dialogue.platform.imports.statistics import refresh_statistics
from tests.cast import make_cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_unplanned")]


@pytest.mark.parametrize("kind", import_kinds.keys())
def test_tables_of_an_import_are_analysed(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with tenant_scope(make_cast().company.pk):
        found = import_kinds.get(kind)
        refresh_statistics(found)
        tables = [one.model._meta.db_table for one in found.undoables()] + ["imports_importrow", "search_searchentry"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_stat_user_tables WHERE relname = ANY(%s) AND last_analyze IS NULL", [tables])
            assert cursor.fetchall() == []
    # Nothing was left to autovacuum.
    assert not caplog.records
