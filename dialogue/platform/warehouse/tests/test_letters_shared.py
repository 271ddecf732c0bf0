"""The letters that PostgreSQL raises its own way are asked of a cluster once, for all of its companies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from dialogue.platform.warehouse import folding
from dialogue.platform.warehouse.copying import copy_company, refresh_company
from dialogue.platform.warehouse.folding import ASKED, disputed
from dialogue.platform.warehouse.source import Source
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(tmp_path: Path, settings: Any) -> Cast:
    settings.WAREHOUSE_ROOT = tmp_path / "warehouse"
    return make_cast()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the cluster from a process on that knows no letters yet."""
    heard: list[str] = []
    answer = Source.values

    def hearing(self: Source, sql: str) -> Any:
        heard.append(sql)
        return answer(self, sql)

    monkeypatch.setattr(Source, "values", hearing)
    monkeypatch.setattr(folding, "_known", {})
    return heard


def test_letters_are_asked_once_for_all_companies_of_a_cluster(cast: Cast, asked: list[str]) -> None:
    a_person(cast, "Straße ǰ")
    copy_company(cast.company.pk)
    copy_company(cast.other_company.pk)
    refresh_company(cast.company.pk)
    assert asked.count(ASKED) == 1


def test_another_cluster_is_asked_for_its_own_letters(cast: Cast, asked: list[str]) -> None:
    for cluster in ("one", "one", "another"):
        with Source(cast.company.pk, duckdb.connect()) as source:
            assert disputed(source, cluster)["ß"] == "SS"
    assert asked.count(ASKED) == 2
