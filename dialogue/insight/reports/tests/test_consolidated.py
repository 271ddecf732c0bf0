"""The consolidated report through its page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.test import Client

from dialogue.customers.tasks.actions import create_task
from dialogue.insight.reports.consolidated import Report, consolidated, report_query
from dialogue.kit.actors import Actor
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.rates.actions import set_rate
from dialogue.selling.deals.actions import lose_deal, win_deal
from dialogue.selling.deals.models import Stage
from tests.cast import Cast, a_deal, a_firm, a_person, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


def report(cast: Cast, query: str = "", step: str = "month") -> Report:
    asking = asking_of(cast.actor(cast.owner), cast.company)
    return consolidated(report_query(QueryDict(query), asking), cast.company, step)


def test_stages_have_count_sum_and_share(cast: Cast, by: Actor) -> None:
    second = list(Stage.objects.in_use())[1].pk
    for number in range(3):
        a_deal(cast, title=str(number), budget=Decimal(100))
    a_deal(cast, title="x", budget=Decimal(700), stage=second)
    made = report(cast)
    assert [(row.count, row.total) for row in made.rows][:2] == [(3, Decimal(300)), (1, Decimal(700))]
    assert [(row.share_count, row.share_total) for row in made.rows][:2] == [
        (Decimal("75.0"), Decimal("30.0")),
        (Decimal("25.0"), Decimal("70.0")),
    ]
    assert (made.count, made.total, made.won_share) == (4, Decimal(1000), None)
    only = report(cast, f"f.stage={second}")
    assert (only.count, only.total) == (1, Decimal(700))


def test_sums_are_in_the_companys_currency(cast: Cast, by: Actor) -> None:
    a_deal(cast, title="usd", budget=Decimal(5), currency="USD")
    set_rate("EUR", "RUB", date(2026, 1, 1), Decimal(100), by=by)
    a_deal(cast, title="eur", budget=Decimal(5), currency="EUR")
    made = report(cast)
    assert (made.total, made.unpriced, made.count) == (Decimal(500), 1, 2)


def test_new_and_won_fall_into_the_companys_days(cast: Cast, by: Actor) -> None:
    # 22:30 UTC is the next day in Moscow.
    a_deal(cast, title="a", budget=Decimal(10), created_at=datetime(2026, 1, 31, 22, 30, tzinfo=UTC))
    won = a_deal(cast, title="b", budget=Decimal(20), created_at=datetime(2026, 1, 5, 12, tzinfo=UTC))
    win_deal(won, by=by)
    lose_deal(a_deal(cast, title="c", created_at=datetime(2026, 1, 5, 12, tzinfo=UTC)), by=by, reason="Дорого")
    made = report(cast)
    months = {one.first: (one.new, one.won) for one in made.periods}
    assert months[date(2026, 1, 1)] == (2, 0)
    assert months[date(2026, 2, 1)] == (1, 0)
    assert months[cast.company.today().replace(day=1)] == (0, 1)
    assert made.won_share == Decimal("50.0")
    weeks = report(cast, step="week").periods
    assert all(one.first.isoweekday() == 1 for one in weeks)
    assert len(report(cast, step="day").periods) == 60


def test_contacts_and_tasks_follow_the_shared_conditions(cast: Cast, by: Actor) -> None:
    a_person(cast)
    a_firm(cast)
    create_task("Позвонить", by=by, due_on=date(2026, 1, 1))
    create_task("Написать", by=by, responsible=cast.seller.pk)
    made = report(cast)
    assert (made.contacts, made.companies, made.tasks_open, made.tasks_late) == (1, 1, 2, 1)
    assert report(cast, f"f.responsible={cast.seller.pk}").tasks_open == 1


def test_page_csv_and_a_strangers_view(cast: Cast, by: Actor) -> None:
    a_deal(cast, title="Корп сайт", budget=Decimal(1_520_000))
    client = Client()
    client.force_login(cast.owner)
    page = client.get("/c/romashka/analytics/?by=day").content.decode()
    assert "1\u202f520\u202f000" in page
    assert "<svg" in page
    part = client.get("/c/romashka/analytics/", headers={"HX-Request": "true", "HX-Target": "report"}).content.decode()
    assert "<html" not in part
    table = client.get("/c/romashka/analytics/?form=csv")
    assert table["Content-Type"].startswith("text/csv")
    assert "Первичный контакт;1;1520000" in table.content.decode()
    client.force_login(cast.seller)
    assert "1\u202f520\u202f000" not in client.get("/c/romashka/analytics/").content.decode()
    client.force_login(cast.stranger)
    assert client.get("/c/romashka/analytics/").status_code == 404
