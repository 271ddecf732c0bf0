"""Winning back lapsed customers of a real shop (UCI Online Retail): counted, written to, and measured as of 1 September 2011.

What the product says is computed a second time with plain SQL on the shop's file. Nothing was sent to these people in 2011,
so an honest interval covers zero in about 95 of 100 random splits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db import transaction
from django.utils import timezone

from dialogue.customers.channels.mailings import mailing_counts
from dialogue.customers.channels.models import Mailing
from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.models import Consent, ContactPoint, Party
from dialogue.faces.command.main import main
from dialogue.kit.actors import system_actor
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.actions import choose_segments, create_campaign, write_content
from dialogue.marketing.campaigns.freezing import freeze_people
from dialogue.marketing.campaigns.launching import launch_campaign, mailing_of
from dialogue.marketing.campaigns.models import Campaign, Person, Run
from dialogue.marketing.campaigns.results import measure
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.segments.actions import create_segment
from dialogue.platform.accounts.actions import create_company
from dialogue.platform.mail.actions import add_sender_identity, check_sender_identity, set_mail_server
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.tests.sink import sink
from dialogue.platform.tenants.models import Tenant
from tests.data import ROOT, data_file

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("_unplanned")]
MAPS = ROOT / "docs" / "guides" / "maps"
DAY, LAPSED = "2011-09-01", "2011-07-03"
MONTHS = ("2011-01-01", "2011-02-01", "2011-03-01", "2011-04-01", "2011-05-01", "2011-06-01", "2011-07-01", "2011-08-01")
LAPSED_GOOD = 231
SPLITS = 100
ORDERS = """
SELECT CustomerID::bigint::text AS customer, InvoiceNo AS number, min(strptime(InvoiceDate, '{form}')) AS day,
    sum(Quantity * UnitPrice) AS amount
FROM read_parquet('{file}') WHERE CustomerID IS NOT NULL GROUP BY ALL
"""
SEGMENT = """
SELECT customer FROM orders WHERE day < '2011-09-01' GROUP BY customer
HAVING count(DISTINCT date_trunc('month', day)) FILTER (WHERE amount > 0) >= 3
   AND count(*) FILTER (WHERE amount > 0 AND day >= '2011-07-03') = 0 AND sum(amount) > 500
"""


def bought(*days: dict[str, str]) -> dict[str, Any]:
    return {"has": "purchase", "where": [{"field": "amount", "more_than": 0}, *days]}


def at(operator: str, day: str) -> dict[str, str]:
    return {"field": "at", operator: day}


def rule() -> dict[str, Any]:
    """In at least three months: in one of them, before it and after it."""
    three = [
        {
            "all": [
                bought(at("before", start)),
                bought(at("since", start), at("before", end)),
                bought(at("since", end), at("before", DAY)),
            ]
        }
        for start, end in pairwise(MONTHS)
    ]
    lately = {"lacks": "purchase", "where": [{"field": "amount", "more_than": 0}, at("since", LAPSED), at("before", DAY)]}
    spent = {"has": "purchase", "where": [at("before", DAY)], "sum": "amount", "more_than": 500}
    return {"all": [{"any": three}, lately, spent]}


RECORDS: dict[str, list[str]] = {}


def records(name: str) -> list[str]:
    """The domain name system of this test."""
    return RECORDS.get(name, [])


@pytest.fixture
def shop(settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Tenant]:
    file = data_file("online_retail/online_retail.parquet")
    settings.FILES_FOLDER = tmp_path
    settings.TXT_LOOKUP = "tests.scenarios.test_win_back.records"
    made, _owner = create_company("Shop", login="shop", owner="owner@example.org", language="en", currency="GBP", country="GB")
    code = main(["import", str(file), "--company", "shop", "--as", "purchases", "--map", str(MAPS / "online_retail.json")])
    assert code == 0
    capsys.readouterr()
    with tenant_scope(made.pk):
        points = [
            ContactPoint(
                party=one,
                kind="email",
                value=f"c{one.external_id}@example.org",
                normal=f"c{one.external_id}@example.org",
                is_primary=True,
            )
            for one in Party.objects.all()
        ]
        ContactPoint.objects.bulk_create(points, batch_size=2000)
        Consent.objects.bulk_create(
            [Consent(party_id=one.party_id, channel="email", state="given") for one in points], batch_size=2000
        )
        yield made


@pytest.fixture
def orders() -> duckdb.DuckDBPyConnection:
    """The shop's file as plain SQL sees it."""
    known = duckdb.connect()
    file = data_file("online_retail/online_retail.parquet")
    some = known.execute(f"SELECT InvoiceDate FROM read_parquet('{file}') LIMIT 1").fetchall()[0][0]
    form = "%Y-%m-%d %H:%M:%S" if str(some)[4] == "-" else "%m/%d/%Y %H:%M"
    known.execute("CREATE TABLE orders AS " + ORDERS.format(file=file, form=form))
    return known


def sender(port: int, by: Any) -> SenderIdentity:
    set_mail_server(host="127.0.0.1", port=port, security="none", by=by)
    row = add_sender_identity(email="news@shop.example.org", name="Shop", by=by)
    RECORDS.update(
        {
            "shop.example.org": ["v=spf1 a -all"],
            row.record_name: [row.record_text],
            "_dmarc.example.org": ["v=DMARC1; p=reject"],
        }
    )
    return check_sender_identity(row, by=by)


def test_lapsed_customers_are_counted_written_to_and_measured(
    shop: Tenant, orders: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    by = system_actor(shop.pk)
    wanted = {row[0] for row in orders.execute(SEGMENT).fetchall()}
    assert len(wanted) == LAPSED_GOOD
    asked = tmp_path / "lapsed.json"
    asked.write_text(json.dumps(rule()))
    assert main(["segment", "count", str(asked), "--company", "shop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"] == LAPSED_GOOD
    with transaction.atomic():
        segment = create_segment("Lapsed", rule(), by=by)
        row = create_campaign("Win back", by=by, hold_out=50, ends_on=date(2011, 12, 31))
        choose_segments(row, [segment.code], by=by)
        write_content(row, by=by, subject="We miss you", body="[Come back](https://shop.example.org/)")
        change_policy(by=by, start=0, end=24)
    with sink() as server:
        with transaction.atomic():
            sender(server.port, by)
            launched = launch_campaign(row, by=by)
        send_due()
        # The first part was well received; the test does not wait its quarter of an hour.
        Mailing.objects.update(canary_until=timezone.now())
        send_due()
    mailing = mailing_of(row)
    assert mailing is not None
    reached = set(Person.objects.filter(run_id=launched.pk).reached().values_list("party_id", flat=True))
    assert mailing_counts(mailing) == {"accepted": len(reached)}
    numbers = dict(Party.objects.values_list("pk", "external_id"))
    assert {f"c{numbers[pk]}@example.org" for pk in reached} == {to.strip("<>") for to, _data in server.letters}
    ids = [message_from_bytes(data)["Message-ID"] for _to, data in server.letters]
    assert len(ids) == len(set(ids)) == len(reached)
    assert {numbers[pk] for pk in Person.objects.filter(run_id=launched.pk).values_list("party_id", flat=True)} == wanted
    # As of then: what these people really bought later.
    Run.objects.filter(pk=launched.pk).update(frozen_at=shop.start_of(date(2011, 9, 1)))
    result = measure(row, Run.objects.get(pk=launched.pk))
    people = ", ".join(f"'{numbers[pk]}'" for pk in reached)
    later = f"SELECT sum(amount), count(DISTINCT customer) FROM orders WHERE day >= '2011-09-01' AND customer IN ({people})"
    total, _some = orders.execute(later).fetchall()[0]
    assert result.reached.total == pytest.approx(float(total), abs=0.01)
    assert result.reached.n + result.held.n == LAPSED_GOOD
    assert result.effect is not None
    covered = sum(covers_zero(row, shop.start_of(date(2011, 9, 1)), number) for number in range(SPLITS))
    assert covered >= 90, covered


def covers_zero(row: Campaign, moment: datetime, number: int) -> bool:
    """Split the same people anew by chance, and say whether the interval of the difference covers zero."""
    with transaction.atomic():
        run = Run.objects.create(campaign=row, number=number + 2, seed=f"split {number}", frozen_at=moment)
        # The letters of the first launch fill nobody's cap in 2011.
        freeze_people(row, run)
        effect = measure(row, run).effect
        assert effect is not None
    return effect.holds(0.0)
