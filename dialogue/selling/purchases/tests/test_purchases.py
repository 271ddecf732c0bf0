"""Purchases through pages, the API and files."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from dialogue.customers.parties.models import Party, PartyKind
from dialogue.customers.timeline.models import Entry
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.kit.scope import tenant_scope
from dialogue.platform.imports import actions as imports
from dialogue.platform.imports.models import Import, ImportRow
from dialogue.platform.imports.running import run_import
from dialogue.platform.imports.undoing import run_undo
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.jobs.models import Job
from dialogue.selling.catalog.models import Product
from dialogue.selling.purchases.actions import record_purchase
from dialogue.selling.purchases.models import Purchase, PurchaseLine
from tests.api.conftest import caller_of
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db
FILE = """Номер заказа;Дата;Артикул;Товар;Количество;Цена;Валюта;Клиент;Почта
1;31.12.2016 10:00;A-1;Чай;2;100,50 руб.;RUB;Анна Щукина;anna@example.org
1;31.12.2016 10:00;B-2;Кофе;1;300;RUB;Анна Щукина;anna@example.org
2;05.01.2017;A-1;Чай;-1;100,5;;;
3;05.01.2017;;;1;;;;
4;05.01.2017;A-1;Чай;1;5 EUR;RUB;;
5;;A-1;Чай;1;5;;;
1;31.12.2016 10:00;A-1;Чай;1;100,50;RUB;Анна Щукина;anna@example.org
6;05.01.2017;A-1;Чай;1;5;рубли;;
"""


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.FILES_FOLDER = tmp_path
    return make_cast()


def load(cast: Cast, text: str, *, again: bool = False) -> Import:
    by = cast.actor(cast.owner)
    run = imports.prepare_import([text.encode()], name="p.csv", kind="purchases", by=by)
    run = imports.start_import(run, by=by, again=again)
    run_import(JobRun(Job.objects.get(pk=run.job)), run.pk)
    return Import.objects.get(pk=run.pk)


def test_lines_of_one_number_make_one_purchase_and_bad_lines_are_refused(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        run = load(cast, FILE)
        outcomes = [
            (row.number, row.outcome, (row.reason or {}).get("code", "")) for row in ImportRow.objects.order_by("number")
        ]
        assert outcomes == [
            (2, "created", ""),
            (3, "created", ""),
            (4, "created", ""),
            (5, "refused", "purchase-sum"),
            (6, "refused", "money-currency"),
            (7, "refused", "field-missing"),
            (8, "created", ""),
            (9, "refused", "text-long"),
        ]
        assert run.totals == {"RUB": "501.0000"}
        first, second = Purchase.objects.order_by("external_id")
        assert (first.amount, first.party.name, first.lines.count()) == (Decimal("601.5"), "Анна Щукина", 3)
        assert (second.amount, second.party, second.is_return) == (Decimal("-100.5"), None, True)
        told = Entry.objects.get(ref_kind="purchase", ref_id=first.pk)
        assert (told.kind, told.amount) == ("bought", Decimal("601.5"))
        again = load(cast, FILE.replace("Кофе", "Кофе молотый"), again=True)
        assert (again.created, again.skipped) == (0, 4)


def test_rows_of_one_purchase_in_several_batches_are_added_up(cast: Cast) -> None:
    kind = imports.import_kinds.get("purchases")
    rows = "".join(f"{number % 2};05.01.2017;A;{number};c@example.org\n" for number in range(1, 11))
    object.__setattr__(kind, "batch_size", 3)
    try:
        with tenant_scope(cast.company.pk):
            run = load(cast, "number;when;product code;price;email\n" + rows)
            assert run.created == 10
            sums = dict(Purchase.objects.values_list("external_id", "amount"))
            assert sums == {"1": 25, "0": 30}
            assert sorted(Entry.objects.values_list("amount", flat=True)) == [25, 30]
            imports.undo_import(run, by=cast.actor(cast.owner))
            assert run_undo(run.pk)["kept"] == 0
            assert not PurchaseLine.objects.exists()
            assert not Product.objects.exists()
            assert not Party.objects.exists()
    finally:
        object.__setattr__(kind, "batch_size", 50_000)


def test_purchase_by_hand_is_checked(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        party = Party.objects.create(kind=PartyKind.PERSON, name="Анна")
        line = ("A", "Чай", Decimal(2), Decimal("10.25"))
        made = record_purchase(lines=[line], party=party, external_id="7", by=by)
        assert (made.amount, made.currency, made.is_return) == (Decimal("20.5"), cast.company.currency, False)
        with pytest.raises(Conflict):
            record_purchase(lines=[line], external_id="7", by=by)
        with pytest.raises(InvalidInput):
            record_purchase(lines=[("", "", Decimal(1), Decimal(1))], by=by)
        with pytest.raises(InvalidInput):
            record_purchase(lines=[], by=by)


def test_list_finds_purchases_by_number_and_by_customer(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        load(cast, FILE)
    client = Client()
    client.force_login(cast.owner)
    for text, found in (("1", ["1"]), ("Щукина", ["1"]), ("shchukina", ["1"]), ("2", ["2"]), ("nobody", [])):
        page = client.get("/c/romashka/purchases/", {"q": text}).content.decode()
        assert [number for number in ("1", "2") if f">{number}</a>" in page or f">№ {number}<" in page] == found, text


def test_pages_and_card_show_purchases(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        party = Party.objects.create(kind=PartyKind.PERSON, name="Анна Щукина")
        made = record_purchase(lines=[("A", "Чай", Decimal(2), Decimal(10))], party=party, external_id="N-7", by=by)
    client = Client()
    client.force_login(cast.owner)
    assert "N-7" in client.get("/c/romashka/purchases/").content.decode()
    assert "Чай" in client.get(f"/c/romashka/purchases/{made.pk}/").content.decode()
    card = client.get(f"/c/romashka/contacts/{party.pk}/?tab=purchases").content.decode()
    assert "N-7" in card
    stranger = Client()
    stranger.force_login(cast.stranger)
    assert stranger.get(f"/c/romashka/purchases/{made.pk}/").status_code == 404
    operator = Client()
    operator.force_login(cast.seller)
    assert operator.get(f"/c/romashka/purchases/{made.pk}/").status_code == 200


def test_api_records_lists_and_searches(cast: Cast) -> None:
    api = caller_of(cast.company, cast.owner, cast.owner)
    body = {
        "number": "R-1",
        "at": "2016-12-31T10:00:00Z",
        "currency": "EUR",
        "lines": [{"product": "A", "name": "Tea", "quantity": "2", "price": "1.50"}],
    }
    made = api.post("/purchases", body)
    assert made.status_code == 200, made.content
    assert made.json()["amount"] == {"amount": "3.00", "currency": "EUR"}
    assert made.json()["lines"][0]["product"] == "A"
    assert api.post("/purchases", body).status_code == 409
    assert api.post("/purchases", body | {"number": "x", "party": 999_999}).status_code == 404
    assert api.post("/purchases", body | {"lines": []}).status_code == 422
    tree = {"all": [{"field": "product.code", "is": "A"}, {"field": "amount", "at_least": 3}]}
    for answer in (api.get("/purchases?filter=" + json.dumps(tree)), api.post("/purchases/search", {"filter": tree})):
        assert [one["number"] for one in answer.json()["items"]] == ["R-1"]
    for empty, count in ((True, 1), (False, 0)):
        found = api.post("/purchases/search", {"filter": {"field": "party", "empty": empty}}).json()["items"]
        assert len(found) == count
    stranger = caller_of(cast.other_company, cast.stranger, cast.stranger)
    assert stranger.get(f"/purchases/{made.json()['id']}").status_code == 404
