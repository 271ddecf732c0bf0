"""The list over a value that may be missing: every row once, there and back, the empty ones last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

import pytest

from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import NewParty
from dialogue.kit.scope import tenant_scope
from dialogue.selling.deals.batches import create_deals
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.models import Deal, Stage
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


def test_a_list_shows_what_its_own_address_asks_whatever_was_asked_before(cast: Cast) -> None:
    actor = cast.actor(cast.owner)
    first, second = Stage.objects.in_use().order_by("position")[:2]
    firm = create_parties([NewParty(name="ООО Ромб 100%", kind="company")], by=actor)[0]
    drafts = [
        NewDeal(
            title=f"Deal {number}",
            budget=Decimal(number * 100),
            currency=("RUB", "EUR")[number % 2],
            company=firm if number % 3 == 0 else None,
            stage=(first.pk, second.pk)[number % 2],
        )
        for number in range(30)
    ]
    create_deals(drafts, by=actor)
    client, deals = client_of(cast), Deal.objects
    asked = [
        ("f.budget.at_least=1000", deals.filter(budget__gte=1000)),
        ("f.budget.at_least=2500", deals.filter(budget__gte=2500)),
        ("f.budget.at_least=2500&f.budget.at_most=2700", deals.filter(budget__range=(2500, 2700))),
        (f"f.stage={second.pk}", deals.filter(stage=second)),
        ("f.company.empty=1", deals.filter(company=None)),
        ("filter=" + quote('{"field": "company", "contains": "100%"}'), deals.filter(company=firm)),
        ("f.budget.at_least=99999", deals.none()),
        (f"f.stage={first.pk}&f.budget.at_least=1000", deals.filter(stage=first, budget__gte=1000)),
    ]
    for sort in ("-budget", "title", "stage"):
        for address, expected in asked:
            answer = client.get(f"{BASE}/deals/?view=all&size=40&sort={sort}&{address}")
            assert sorted(rows_of(answer)) == sorted(expected.values_list("pk", flat=True)), address
            counted = re.search(r'<span id="list-count">\D*(\d+)<', answer.content.decode())
            assert counted, address
            assert int(counted[1]) == expected.count(), address
