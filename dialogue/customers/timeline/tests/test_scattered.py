"""Events found by a filter wherever they lie among all others: few, many and near, many and far, page after page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import QueryDict

from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.customers.timeline.lists import EVENTS
from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.lists import query, seeking
from dialogue.platform.lists.query import Cursor, ListQuery
from tests.cast import Cast, a_person, make_cast

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = ["letter"] * 5 + ["reply", "note"]


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    """A company with two years of events, three at each moment; letters of the first year lie behind all others."""
    made = make_cast()
    with transaction.atomic(), tenant_scope(made.company.pk):
        by = made.actor(made.owner)
        party = a_person(made, "Anna").pk
        moments = [NOON - timedelta(days=4 * (number // 3)) for number in range(210)]
        drafts = [EntryDraft(party, KINDS[number % 7], at) for number, at in enumerate(moments)]
        drafts += [EntryDraft(party, "call", NOON - timedelta(days=600, hours=number // 2)) for number in range(90)]
        record_entries(drafts, by=by)
    with tenant_scope(made.company.pk):
        yield made


def reading(cast: Cast, address: str) -> ListQuery:
    return ListQuery(EVENTS, QueryDict(address), asking_of(cast.actor(cast.owner), cast.company))


def walked(cast: Cast, address: str) -> list[int]:
    """Return the ids on all pages, each page read again from the one after it."""
    found: list[int] = []
    after = ""
    while True:
        with transaction.atomic(), reading(cast, f"{address}&after={after}" if after else address).reading() as (page, _totals):
            found += [row.pk for row in page.rows]
        if not page.after:
            return found
        with (
            transaction.atomic(),
            reading(cast, f"{address}&before={following(cast, page.after, address)}").reading() as (again, _t),
        ):
            assert [row.pk for row in again.rows] == [row.pk for row in page.rows]
        after = page.after


def following(cast: Cast, after: str, address: str) -> str:
    """Return the cursor of the first row of the page after this one."""
    one = reading(cast, address)
    return one.cursor_of(one.next_rows(1, Cursor.decode(after))[0])


@pytest.mark.parametrize(
    ("few", "nearest"), [(10_000, 50_000), (40, 50_000), (40, 60), (5, 3)], ids=["few", "near", "far", "none near"]
)
@pytest.mark.parametrize(
    "address", ["f.kind=letter", "f.kind=call&sort=at", "view=answered&size=20", "f.kind=call&f.kind=note"]
)
def test_filtered_events_come_whole_and_in_order(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, few: int, nearest: int, address: str
) -> None:
    monkeypatch.setattr(query, "FEW", few)
    monkeypatch.setattr(seeking, "NEAREST", nearest)
    with transaction.atomic():
        rows = reading(cast, address).matching()
        sign = "" if "sort=at" in address else "-"
        expected = list(rows.order_by(f"{sign}at", f"{sign}id").values_list("pk", flat=True))
        assert expected
        assert [row.pk for row in reading(cast, address).next_rows(1000)] == expected
    assert walked(cast, address) == expected


def test_number_of_few_is_known_at_once_and_nothing_is_found_of_nothing(cast: Cast) -> None:
    with transaction.atomic(), reading(cast, "f.kind=letter&size=20").reading() as (page, totals):
        known: Any = totals()
    assert (len(page.rows), known.count) == (20, Entry.objects.filter(kind="letter").count())
    with transaction.atomic(), reading(cast, "f.kind=meeting").reading() as (page, totals):
        known = totals()
    assert (page.rows, page.after, known.count) == ([], "", 0)
