"""A large base is counted by the warehouse while it is fresh, and the figure says as of when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments import counting
from dialogue.marketing.segments.counting import count_rule
from dialogue.platform.criteria import warehousing
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.jobs.models import Job
from dialogue.platform.warehouse.copying import copy_company
from dialogue.platform.warehouse.starting import ask_for_copy
from tests.cast import a_person, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
RULE = {"field": "name", "starts": "ion"}


def test_large_base_is_counted_by_the_warehouse_as_of_its_moment(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WAREHOUSE_ROOT = tmp_path / "warehouse"
    monkeypatch.setattr(counting, "SAMPLE", 3)
    warehousing._load()
    cast = make_cast()
    people = [a_person(cast, f"Ion {number}").pk for number in range(6)]
    a_person(cast, "Maria")
    copied = copy_company(cast.company.pk)
    late = a_person(cast, "Ion the late")
    asking = Asking(cast.actor(cast.owner))
    with tenant_scope(cast.company.pk), transaction.atomic():
        found = count_rule(RULE, asking)
        assert (found.count, found.exact, found.plus_minus, found.at) == (6, True, 0, copied.as_of)
        assert [one.pk for one in found.people] == people
        exact = count_rule(RULE, asking, exact=True)
        assert exact.count == 7
        assert late.pk in {one.pk for one in exact.people}
        monkeypatch.setattr(counting, "FRESH_SECONDS", -1)
        assert count_rule(RULE, asking).count == 7
        monkeypatch.setattr(counting, "FRESH_SECONDS", 90)
        # What the warehouse does not hold is asked of PostgreSQL.
        assert count_rule({"not": {"field": "note", "contains": "x"}}, asking).count == 8


def test_copy_is_asked_for_once(tmp_path: Path, settings: Any) -> None:
    settings.WAREHOUSE_ROOT = tmp_path / "warehouse"
    cast = make_cast()
    with tenant_scope(cast.company.pk), transaction.atomic():
        assert ask_for_copy(cast.actor(cast.owner)) is not None
        assert ask_for_copy(cast.actor(cast.owner)) is None
        assert Job.objects.filter(kind="warehouse.copy").count() == 1
