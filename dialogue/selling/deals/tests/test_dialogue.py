"""A deal's way stands on its customer's timeline."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.platform.lists.models import BulkEdit
from dialogue.selling.deals.actions import create_deal, move_deal
from dialogue.selling.deals.batches import move_deals
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.models import Stage
from tests.cast import Cast, a_deal, a_firm, a_person, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def test_deal_and_its_stages_are_told_to_the_customers_timeline(cast: Cast) -> None:
    ivan, firm = a_person(cast, "Иван Дуликов"), a_firm(cast)
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.seller)
        deal = create_deal(NewDeal(title="Корпоративный сайт", company=firm.pk, contact=ivan.pk), by=by)
        first = deal.stage
        stage = Stage.objects.filter(pipeline_id=deal.pipeline_id).exclude(pk=first.pk).order_by("position").first()
        assert stage
        move_deal(deal, stage, by=by)
        told = list(Entry.objects.of(ivan).order_by("id"))
        assert [(entry.kind, entry.ref_id) for entry in told] == [("deal_begun", deal.pk), ("deal_stage", deal.pk)]
        assert told[1].subject == f"Корпоративный сайт · {first.name} → {stage.name}"
        assert not Entry.objects.of(firm).exists()
        create_deal(NewDeal(title="Поддержка", company=firm.pk), by=by)
        assert Entry.objects.of(firm).count() == 1
        create_deal(NewDeal(title="Без клиента"), by=by)
        assert Entry.objects.count() == 3
    client = Client()
    client.force_login(cast.seller)
    assert f"/deals/{deal.pk}/" in client.get(f"/c/romashka/contacts/{ivan.pk}/timeline/").content.decode()


def test_bulk_stage_change_and_its_undo_are_told_to_every_customer(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people = [a_person(cast, name) for name in ("Иван Дуликов", "Пётр Шерстюк", "Анна Нагорная")]
    deals = [a_deal(cast, f"Сделка {number}", contact=one.pk) for number, one in enumerate(people)]
    a_deal(cast, "Без клиента")
    client = Client()
    client.force_login(cast.owner)
    with tenant_scope(cast.company.pk):
        stage = Stage.objects.in_use()[2]
        first = deals[0].stage
    base = "/c/romashka/lists/deals/bulk/"
    client.post(base + "run/", {"verb": "stage", "value": stage.pk, "ids": ",".join(str(deal.pk) for deal in deals)})
    with tenant_scope(cast.company.pk):
        for deal, one in zip(deals, people, strict=True):
            told = Entry.objects.of(one).order_by("id").last()
            assert told is not None
            assert (told.kind, told.ref_id, told.by) == ("deal_stage", deal.pk, cast.owner.pk)
            assert told.subject == f"{deal.title} · {first.name} → {stage.name}"
        edit = BulkEdit.objects.get()
    client.post(f"{base}{edit.pk}/undo/")
    with tenant_scope(cast.company.pk):
        last = Entry.objects.of(people[0]).order_by("id").last()
        assert last is not None
        assert last.subject.endswith(f"{stage.name} → {first.name}")
        many = [a_deal(cast, f"Ещё {number}", contact=people[0].pk).pk for number in range(30)]
        with django_assert_max_num_queries(22):
            move_deals(many, stage.pk, by=cast.actor(cast.owner))
