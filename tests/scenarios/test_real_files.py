"""Files nobody here wrote, loaded by the command line with exact figures, and taken back."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count, Q, Sum

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.models import Entry
from dialogue.faces.command.main import main
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import create_company
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.catalog.models import Product
from dialogue.selling.deals.models import Deal
from dialogue.selling.purchases.models import Purchase, PurchaseLine
from tests.data import ROOT, data_file

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_unplanned")]
MAPS = ROOT / "docs" / "guides" / "maps"
MINUTES_ALLOWED = 3


@pytest.fixture
def company(settings: Any, tmp_path: Path) -> Tenant:
    settings.FILES_FOLDER = tmp_path
    made, _owner = create_company("Шоп", login="shop", owner="owner@example.org", language="ru", currency="RUB", country="RU")
    return made


def dialogue(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    code = main([str(word) for word in words])
    said = capsys.readouterr().out.strip()
    return code, json.loads(said) if said else {}


def test_deals_come_out_exactly_and_go_again(company: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    file = data_file("deals_ru/deals.csv")
    words = ("import", file, "--company", "shop", "--as", "deals", "--json")
    code, said = dialogue(capsys, *words)
    number = said.pop("import")
    assert code == 0
    assert said == {
        "kind": "deals",
        "rows": 21,
        "created": 21,
        "updated": 0,
        "skipped": 0,
        "refused": 0,
        "totals": {"RUB": "13243000.00"},
        "by_stage": {
            "Первичный контакт": {"RUB": "4900000.00"},
            "Активные переговоры": {"RUB": "3325000.00"},
            "Принимают решение": {"RUB": "3080000.00"},
            "Согласование договора": {"RUB": "1938000.00"},
        },
    }
    with tenant_scope(company.pk):
        assert (Deal.objects.count(), Party.objects.people().count(), Party.objects.companies().count()) == (21, 18, 15)
        assert Deal.objects.filter(company=None).count() == 3
        assert Deal.objects.filter(contact=None).count() == 0
    code, again = dialogue(capsys, *words)
    assert (code, again["code"]) == (1, "imported-before")
    code, again = dialogue(capsys, *words, "--again")
    assert (code, again["created"]) == (0, 21)
    for one in (again["import"], number):
        code, _said = dialogue(capsys, "undo", one)
        assert code == 0
    with tenant_scope(company.pk):
        assert not Deal.with_bin.exists()
        assert not Party.with_bin.exists()


@pytest.mark.slow
def test_online_retail_comes_out_to_the_penny(company: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    file = data_file("online_retail/online_retail.parquet")
    begun = time.monotonic()
    code, said = dialogue(
        capsys, "import", file, "--company", "shop", "--as", "purchases", "--map", MAPS / "online_retail.json"
    )
    assert time.monotonic() - begun < MINUTES_ALLOWED * 60
    number = said.pop("import")
    assert code == 0
    assert said == {
        "kind": "purchases",
        "rows": 541_909,
        "created": 541_909,
        "updated": 0,
        "skipped": 0,
        "refused": 0,
        "totals": {"GBP": "9747747.93"},
        "by_stage": {},
    }
    with tenant_scope(company.pk):
        assert Purchase.objects.count() == 25_900
        assert Party.objects.count() == 4_372
        assert PurchaseLine.objects.filter(purchase__party=None).count() == 135_080
        sums = Purchase.objects.aggregate(
            all=Sum("amount"),
            back=Sum("amount", filter=Q(external_id__startswith="C")),
            returns=Count("id", filter=Q(is_return=True)),
        )
        assert sums["all"] == PurchaseLine.objects.aggregate(all=Sum("amount"))["all"] == Decimal("9747747.934")
        assert sums["back"] < 0
        assert sums["returns"] >= 3_654
    code, said = dialogue(capsys, "undo", number)
    assert (code, said["kept"], said["not_undone"]) == (0, 0, [])
    with tenant_scope(company.pk):
        for model in (Purchase, PurchaseLine, Party, Product, Entry):
            assert not model.objects.exists(), model


def test_marketing_campaign_brings_customers_campaigns_and_answers(company: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    file = data_file("marketing_campaign/marketing_campaign.csv")
    code, said = dialogue(
        capsys, "import", file, "--company", "shop", "--as", "responses", "--map", MAPS / "marketing_campaign.json", "--json"
    )
    assert (code, said["rows"], said["created"], said["refused"]) == (0, 2_240, 2_240, 0)
    with tenant_scope(company.pk):
        assert Party.objects.people().count() == 2_240
        one = Party.objects.get(external_id="5524")
        assert one.characteristics["education"] == "graduation"
        assert one.characteristics["income"] == "58138"
        assert one.characteristics["dt_customer"] == "2012-09-04"
        assert len(one.characteristics) == 20
        assert Party.objects.exclude(characteristics__has_key="income").count() == 24
        assert Source.objects.campaigns().count() == 6
        shares = Entry.objects.values("subject").annotate(
            touches=Count("id", filter=Q(side="out")), answers=Count("id", filter=Q(side="in"))
        )
        found = {row["subject"]: round(100 * row["answers"] / row["touches"], 2) for row in shares}
        assert found == {
            "Campaign 1": 6.43,
            "Campaign 2": 1.34,
            "Campaign 3": 7.28,
            "Campaign 4": 7.46,
            "Campaign 5": 7.28,
            "Campaign 6": 14.91,
        }
        assert not Entry.objects.responses().filter(touch=None).exists()
    code, said = dialogue(capsys, "undo", said["import"], "--company", "shop")
    assert (said["kept"], said["restored"]) == (0, 0)
    with tenant_scope(company.pk):
        assert not Party.objects.exists()
        assert not Source.objects.exists()


def test_dry_run_on_the_command_line_changes_nothing(
    company: Tenant, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,email\nA,a@example.org\nB,wrong\n")
    code, said = dialogue(capsys, "import", file, "--company", "shop", "--as", "people", "--dry-run")
    assert code == 3
    assert (said["import"], said["created"], said["refused"], len(said["outcomes"])) == (None, 1, 1, 2)
    with tenant_scope(company.pk):
        assert not Party.objects.exists()


def test_refused_rows_end_the_command_with_three_and_a_repeated_file_with_one(
    company: Tenant, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,email\nA,a@example.org\nB,wrong\n")
    words = ("import", file, "--company", "shop", "--as", "people", "--json")
    assert dialogue(capsys, *words)[0] == 3
    code, said = dialogue(capsys, *words)
    assert (code, said["code"]) == (1, "imported-before")
    assert dialogue(capsys, *words, "--again")[1]["skipped"] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("import", "nothing.csv", "--company", "shop", "--as", "people"), "no-file"),
        (("import", __file__, "--company", "shop", "--as", "moons"), "no-kind"),
        (("import", __file__, "--company", "nobody", "--as", "people"), "not-found"),
        (("undo", "999999"), "not-found"),
    ],
)
def test_wrong_commands_are_refused(
    company: Tenant, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str
) -> None:
    exit_code, said = dialogue(capsys, *words, "--json")
    assert (exit_code, said["code"]) == (1, code)


def test_unknown_columns_are_refused_with_the_guess(
    company: Tenant, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("foo;city\n1;Omsk\n")
    code, said = dialogue(capsys, "import", file, "--company", "shop", "--as", "people", "--json")
    assert (code, said["guess"], said["columns"]) == (1, {"city": "city"}, ["foo", "city"])


def test_work_can_be_left_to_the_worker(company: Tenant, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,email\nA,a@example.org\n")
    code, said = dialogue(capsys, "import", file, "--company", "shop", "--as", "people", "--no-wait")
    assert (code, said["created"]) == (0, 0)
    assert said["job"]
