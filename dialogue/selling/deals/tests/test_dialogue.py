"""A deal's way stands on its customer's timeline."""

from __future__ import annotations

import pytest
from django.test import Client

from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.selling.deals.actions import create_deal, move_deal
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.models import Stage
from tests.cast import Cast, a_firm, a_person, make_cast


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
