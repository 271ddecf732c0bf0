"""A retailer's year of campaigns (The Complete Journey) loads as history, and each campaign's funnel comes out.

Whom a campaign reached, who redeemed its coupons and who bought in its period is computed a second time with plain SQL.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.test import Client

from dialogue.faces.command.main import main
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.models import Campaign, CampaignState, Run
from dialogue.marketing.campaigns.results import measure
from dialogue.platform.accounts.actions import create_company
from dialogue.platform.accounts.models import User
from dialogue.platform.tenants.models import Tenant
from tests.data import ROOT, data_file

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("_unplanned")]
MAPS = ROOT / "docs" / "guides" / "maps"
FACTS = """
SELECT c.campaign_id, any_value(d.start_date)::text, any_value(d.end_date)::text, count(DISTINCT c.household_id),
    count(DISTINCT r.household_id), count(DISTINCT t.household_id), coalesce(sum(t.total), 0)
FROM reached c JOIN described d USING (campaign_id)
LEFT JOIN (SELECT DISTINCT household_id, campaign_id FROM redeemed) r
    ON r.household_id = c.household_id AND r.campaign_id = c.campaign_id
LEFT JOIN LATERAL (
    SELECT b.household_id, sum(b.sales_value) AS total FROM bought b WHERE b.household_id = c.household_id
    AND b.transaction_timestamp >= d.start_date AND b.transaction_timestamp < d.end_date + INTERVAL 1 DAY
    GROUP BY b.household_id HAVING sum(b.sales_value) > 0
) t ON true
GROUP BY c.campaign_id
"""


@pytest.fixture
def journey() -> duckdb.DuckDBPyConnection:
    """The files, as tables of a database of their own."""
    made = duckdb.connect()
    for table, name, kind in (
        ("described", "campaign_descriptions.csv", "csv"),
        ("reached", "campaigns.csv", "csv"),
        ("redeemed", "coupon_redemptions.csv", "csv"),
        ("bought", "transactions_sample.parquet", "parquet"),
    ):
        made.execute(f"CREATE TABLE {table} AS SELECT * FROM read_{kind}('{data_file(f'completejourney/{name}')}')")
        if table != "described":
            made.execute(f"ALTER TABLE {table} ALTER household_id TYPE VARCHAR")
    return made


@pytest.fixture
def grocer(settings: Any, tmp_path: Path) -> Iterator[Tenant]:
    settings.FILES_FOLDER = tmp_path / "files"
    made, _owner = create_company(
        "Grocer", login="grocer", owner="owner@example.org", language="en", currency="USD", country="US"
    )
    with tenant_scope(made.pk):
        yield made


def load(file: Path, kind: str, chart: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(file), "--company", "grocer", "--as", kind, "--map", str(MAPS / chart)]) == 0
    assert '"refused": 0' in capsys.readouterr().out


def history_of(journey: duckdb.DuckDBPyConnection, file: Path) -> Path:
    """Write who was reached and who redeemed what as one file, as a retailer's analyst would."""
    rows = journey.execute(
        "SELECT household_id, 'Campaign ' || campaign_id, start_date::text, '' FROM reached JOIN described USING (campaign_id)"
        " UNION ALL SELECT household_id, 'Campaign ' || campaign_id, redemption_date::text, 'bought' FROM redeemed ORDER BY 3, 1"
    ).fetchall()
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["household_id", "campaign", "day", "answer"])
        writer.writerows(rows)
    return file


def test_a_years_campaigns_load_as_history_and_their_funnels_come_out(
    grocer: Tenant, journey: duckdb.DuckDBPyConnection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(data_file("completejourney/transactions_sample.parquet"), "purchases", "complete_journey_purchases.json", capsys)
    load(history_of(journey, tmp_path / "history.csv"), "responses", "complete_journey_campaigns.json", capsys)
    client = Client()
    client.force_login(User.objects.get(email="owner@example.org"))
    page = client.get("/c/grocer/campaigns/past/").content.decode()
    sources = [part.partition('"')[0] for part in page.split('name="sources" value="')[1:]]
    assert len(sources) == 27
    assert client.post("/c/grocer/campaigns/past/", {"sources": sources}).status_code == 302
    wanted = {f"Campaign {row[0]}": row[1:] for row in journey.execute(FACTS).fetchall()}
    assert sum(row[2] for row in wanted.values()) == 6_589
    assert sum(row[3] for row in wanted.values()) == 792
    for campaign in Campaign.objects.all():
        begins, ends, reached, redeemed, buyers, income = wanted.pop(campaign.name)
        form = {"name": campaign.name, "starts_on": begins, "ends_on": ends, "goal": ""}
        assert client.post(f"/c/grocer/campaigns/{campaign.pk}/edit/", form).status_code == 302
        campaign.refresh_from_db()
        found = measure(campaign, Run.objects.get(campaign=campaign))
        assert campaign.state == CampaignState.DONE
        assert (found.addressed, found.included, found.answered) == (reached, reached, redeemed), campaign.name
        assert found.reached.buyers == buyers, campaign.name
        assert found.reached.total == pytest.approx(float(income), abs=0.005), campaign.name
        assert found.effect is None
    assert not wanted
    page = client.get(f"/c/grocer/campaigns/{Campaign.objects.get(name='Campaign 18').pk}/").content.decode()
    assert "1\N{NARROW NO-BREAK SPACE}133" in page
    assert client.get("/c/grocer/campaigns/past/").content.decode().count('name="sources"') == 0
