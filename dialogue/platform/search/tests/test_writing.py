"""Rows written by columns come back as they were given."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.kit.scope import tenant_scope
from dialogue.platform.embedded.writing import text_array, write_rows, written_together
from dialogue.platform.search.models import SearchEntry
from tests.cast import make_cast

pytestmark = pytest.mark.django_db

# PostgreSQL keeps any text but the one with a zero in it.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["", "NULL", "null", '"', "\\", "{}", "a,b", "\x1f", "\x1f\x1f", "%s", "Ș ț", "'; --"]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS | st.none(), max_size=6))
def test_texts_survive_being_an_array(texts: list[str | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [text_array(texts)])
        assert cursor.fetchone()[0] == texts


def test_rows_take_lists_and_constants() -> None:
    cast = make_cast()
    with tenant_scope(cast.company.pk):
        rows = [(11, "a", 'x "y" \\', [1, 2]), (12, "b", "", []), (13, "c", "\x1f", [3])]
        assert (
            write_rows(SearchEntry, ("record", "head", "found", "grams"), rows, {"tenant_id": cast.company.pk, "kind": "t"})
            == 3
        )
        found = SearchEntry.objects.filter(kind="t").order_by("record")
        assert list(found.values_list("record", "head", "found", "grams")) == rows
        assert write_rows(SearchEntry, ("record", "head", "found", "grams"), [], {"kind": "t"}) == 0


def test_what_is_written_together_fails_as_one() -> None:
    cast = make_cast()
    with tenant_scope(cast.company.pk):
        with pytest.raises(IntegrityError, match="search_entry_once"):
            write_three(cast.company.pk)
        assert not SearchEntry.objects.filter(kind="t").exists()


def write_three(tenant: int) -> None:
    """Write three sets of rows, the second of which breaks a rule."""
    same = {"tenant_id": tenant, "kind": "t", "found": "", "grams": []}
    with transaction.atomic(), written_together():
        write_rows(SearchEntry, ("record", "head"), [(1, "a")], same)
        write_rows(SearchEntry, ("record", "head"), [(2, "b"), (2, "c")], same)
        write_rows(SearchEntry, ("record", "head"), [(3, "d")], same)


def test_too_long_a_text_is_refused() -> None:
    cast = make_cast()
    same = {"tenant_id": cast.company.pk, "kind": "t", "found": "", "grams": []}
    with tenant_scope(cast.company.pk), pytest.raises(DataError):
        write_rows(SearchEntry, ("record", "head"), [(1, "a" * 5000)], same)
