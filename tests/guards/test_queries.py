"""How many queries each page asks: a page that begins to ask more shows in the review, in one file of numbers."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dialogue.platform.embedded.backend.base import DatabaseWrapper
from tests.guards.conftest import House, client_of
from tests.guards.test_walk import MEMBERS

NUMBERS = Path(__file__).with_name("queries.json")
# What every request asks: session, person, company, place, roles, the transaction's scope.
MOST = 30
# One panel more is not a loop; the numbers are written anew when a page changes on purpose.
SLACK = 3


# Statements sent together are one turn: PostgreSQL answers them without a way there and back for each (decision 0049).
MOST_TURNS = 10
# It counts a whole audience with its reasons; beyond 20,000 people a job has done so before.
COUNTING = {"campaigns/<int:pk>/launch/": 14}


def measure(house: House, together: list[int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many statements each page asks, and in how many turns."""
    client = client_of(house.cast.owner)
    counted, turns = {}, {}
    for path in MEMBERS:
        address = f"/c/romashka/{house.fill(path)}"
        if client.get(address).status_code != 200:
            continue
        together.clear()
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        name = path or "/"
        counted[name] = sum(1 for one in asked if one["sql"].lstrip().upper().startswith(("SELECT", "WITH")))
        turns[name] = counted[name] - sum(number - 1 for number in together)
    return counted, turns


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each turn of several took."""
    numbers: list[int] = []
    asking = DatabaseWrapper.asking

    def noting(self: DatabaseWrapper, asked: Sequence[Any], *more: Any, **named: Any) -> Any:
        numbers.append(len(asked))
        return asking(self, asked, *more, **named)

    monkeypatch.setattr(DatabaseWrapper, "asking", noting)
    return numbers


def test_pages_ask_no_more_than_before(house: House, together: list[int]) -> None:
    counted, turns = measure(house, together)
    slow = {path: count for path, count in turns.items() if count > COUNTING.get(path, MOST_TURNS)}
    assert not slow, (
        f"Above {MOST_TURNS} turns to the database: {slow}. Send what belongs together by read_together or join it."
    )
    if os.environ.get("DIALOGUE_WRITE_SNAPSHOTS"):
        NUMBERS.write_text(json.dumps(counted, indent=1, sort_keys=True) + "\n")
    kept = json.loads(NUMBERS.read_text())
    more = {path: f"{kept[path]} → {count}" for path, count in counted.items() if path in kept and count > kept[path] + SLACK}
    assert not more, (
        f"Pages ask more: {more}. Join or prefetch, or DIALOGUE_WRITE_SNAPSHOTS=1 pytest tests/guards/test_queries.py."
    )
    far = {path: count for path, count in counted.items() if count > MOST}
    assert not far, f"Above {MOST} queries: {far}."


@pytest.mark.parametrize("path", ["contacts/", "deals/", "jobs/"])
def test_lists_ask_the_same_for_many_rows(house: House, path: str) -> None:
    from django.db import transaction

    from dialogue.customers.parties.actions import create_party
    from dialogue.customers.parties.drafts import NewParty
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.jobs.models import Job
    from dialogue.selling.deals.actions import create_deal
    from dialogue.selling.deals.drafts import NewDeal

    client = client_of(house.cast.owner)
    address = f"/c/romashka/{path}"
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    with transaction.atomic(), tenant_scope(house.cast.company.pk):
        by = house.cast.actor(house.cast.owner)
        for number in range(8):
            party = create_party(NewParty(kind="person", name=f"Person {number}"), by=by)
            create_deal(NewDeal(title=f"Deal {number}", contact=party.pk), by=by)
            Job.objects.create(kind="audit.action", title="x", actor=house.cast.owner.pk)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) <= len(few) + 1, [one["sql"][:120] for one in many]
