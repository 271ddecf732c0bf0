"""The list over a value that may be missing: every row once, there and back, the empty ones last."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from dialogue.kit.scope import tenant_scope
from dialogue.selling.deals.batches import create_deals
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.models import Deal
from tests.cast import Cast, make_cast
from tests.lists.test_contacts_list import BASE, client_of, link, rows_of


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.mark.parametrize("sort", ["budget", "-budget"])
@pytest.mark.parametrize("empty", [2, 3, 100])
def test_empty_values_stand_last_and_no_row_is_lost(cast: Cast, sort: str, empty: int) -> None:
    drafts = [
        NewDeal(title=f"Deal {number}", budget=None if number % empty == 0 else Decimal(number % 7 + 1), currency="RUB")
        for number in range(95)
    ]
    ids = create_deals(drafts, by=cast.actor(cast.owner))
    client = client_of(cast)
    answer = client.get(f"{BASE}/deals/?view=all&size=40&sort={sort}")
    pages = [rows_of(answer)]
    while after := link(answer, "after"):
        answer = client.get(f"{BASE}/deals/{after}")
        pages.append(rows_of(answer))
    shown = [pk for page in pages for pk in page]
    assert sorted(shown) == sorted(ids)
    budgets = dict(Deal.objects.values_list("pk", "budget"))
    values = [budgets[pk] for pk in shown]
    held = [value for value in values if value is not None]
    assert values == sorted(held, reverse=sort == "-budget") + [None] * (len(values) - len(held))
    back = [pages[-1]]
    while before := link(answer, "before"):
        answer = client.get(f"{BASE}/deals/{before}")
        back.append(rows_of(answer))
    assert back[::-1] == pages
