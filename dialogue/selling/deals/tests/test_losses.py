"""Why deals are lost: the company's list, words beside it, many at once, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils.translation import override

from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.lists.models import BulkEdit
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.deals.actions import lose_deal, reopen_deal
from dialogue.selling.deals.batches import create_deals, lose_deals, move_deals
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.errors import ReasonNeeded
from dialogue.selling.deals.losses import add_loss_reason, archive_loss_reason, change_loss_reason, make_first_reasons
from dialogue.selling.deals.models import Deal, LossReason, Stage
from dialogue.selling.deals.pipelines import create_pipeline
from tests.cast import Cast, a_deal, make_cast

pytestmark = pytest.mark.django_db
LISTS = "/c/romashka/lists/deals/bulk/"


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def client(cast: Cast) -> Client:
    made = Client()
    made.force_login(cast.owner)
    return made


def reason(name: str = "Слишком дорого") -> LossReason:
    found: LossReason = LossReason.objects.in_use().get(name=name)
    return found


def why(deal: Deal) -> tuple[Any, ...]:
    deal.refresh_from_db()
    return deal.stage_class, deal.loss_id, deal.lost_reason


def test_company_begins_with_reasons_in_its_language(cast: Cast) -> None:
    names = [one.name for one in LossReason.objects.in_use()]
    assert len(names) == 5
    assert "Слишком дорого" in names


@pytest.mark.parametrize("language", ["en", "ru", "uk", "ro"])
def test_company_that_began_before_there_were_reasons_gets_them_once(cast: Cast, language: str) -> None:
    older = import_module("dialogue.selling.deals.migrations.0007_reasons_for_older_companies")
    editor = SimpleNamespace(connection=connection)
    LossReason.objects.all().delete()
    Tenant.objects.filter(pk=cast.company.pk).update(language=language)
    with override(language):
        make_first_reasons()
    usual = list(LossReason.objects.in_use().values_list("name", flat=True))
    LossReason.objects.all().delete()
    older.give_reasons(None, editor)
    assert list(LossReason.objects.in_use().values_list("name", flat=True)) == usual
    archive_loss_reason(reason(usual[0]), by=cast.actor(cast.owner))
    older.give_reasons(None, editor)
    assert list(LossReason.objects.in_use().values_list("name", flat=True)) == usual[1:], "A list that is kept stays as it is."


def test_reason_lends_its_name_and_words_stand_beside_it(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    kept = reason()
    bare, told, alike = (a_deal(cast, title=title) for title in "abc")
    lose_deal(bare, by=by, loss=kept.pk)
    lose_deal(told, by=by, loss=kept.pk, reason="на 20 % дороже соседей")
    lose_deal(alike, by=by, reason=" слишком  ДОРОГО ")
    assert why(bare) == ("lost", kept.pk, "Слишком дорого")
    assert why(told) == ("lost", kept.pk, "на 20 % дороже соседей")
    assert why(alike)[:2] == ("lost", kept.pk)
    reopen_deal(bare, by=by)
    assert why(bare) == ("open", None, "")
    change_loss_reason(kept, by=by, name="Цена")
    lose_deal(bare, by=by, reason="Цена")
    archive_loss_reason(kept, by=by)
    assert why(bare) == ("lost", kept.pk, "Цена")
    with pytest.raises(Refusal) as refused:
        lose_deal(a_deal(cast, title="d"), by=by, loss=kept.pk)
    assert refused.value.field == "loss"


def test_words_of_imported_and_created_lost_deals_find_their_reason(cast: Cast) -> None:
    final = Stage.objects.in_use().filter(stage_class="lost").get()
    ids = create_deals(
        [
            NewDeal(title="a", stage=final.pk, lost_reason="слишком дорого"),
            NewDeal(title="b", stage=final.pk, lost_reason="Иное"),
        ],
        by=cast.actor(cast.owner),
    )
    rows = dict(Deal.objects.filter(pk__in=ids).values_list("title", "loss_id"))
    assert rows == {"a": reason().pk, "b": None}


def test_many_are_lost_with_one_reason_and_come_back(cast: Cast, client: Client) -> None:
    other = create_pipeline("Опт", by=cast.actor(cast.owner))
    first = Stage.objects.in_use().filter(pipeline=other).first()
    assert first
    deals = [a_deal(cast, title="a"), a_deal(cast, title="b"), a_deal(cast, title="c", stage=first.pk)]
    stages = [deal.stage_id for deal in deals]
    form = client.get(f"{LISTS}?verb=lose").content.decode()
    assert "Слишком дорого" in form
    ids = ",".join(str(deal.pk) for deal in deals)
    client.post(f"{LISTS}run/", {"verb": "lose", "value": reason().pk, "ids": ids})
    assert {why(deal) for deal in deals} == {("lost", reason().pk, "Слишком дорого")}
    assert {deal.pipeline_id for deal in deals} == {other.pk, deals[0].pipeline_id}
    client.post(f"{LISTS}{BulkEdit.objects.get().pk}/undo/")
    for deal, stage in zip(deals, stages, strict=True):
        assert why(deal) == ("open", None, "")
        assert deal.stage_id == stage


def test_bulk_move_to_a_lost_stage_asks_why_and_its_undo_gives_the_reason_back(cast: Cast, client: Client) -> None:
    by = cast.actor(cast.owner)
    deal = a_deal(cast, title="a")
    final = Stage.objects.in_use().get(stage_class="lost")
    with pytest.raises(ReasonNeeded):
        move_deals([deal.pk], final.pk, by=by)
    with pytest.raises(ReasonNeeded):
        lose_deals([deal.pk], by=by)
    lose_deal(deal, by=by, loss=reason().pk, reason="20 %")
    client.post(f"{LISTS}run/", {"verb": "stage", "value": Stage.objects.in_use()[0].pk, "ids": str(deal.pk)})
    assert why(deal)[0] == "open"
    client.post(f"{LISTS}{BulkEdit.objects.get().pk}/undo/")
    assert why(deal) == ("lost", reason().pk, "20 %")


def test_reasons_are_kept_on_the_settings_page(cast: Cast, client: Client) -> None:
    base = "/c/romashka/deals/settings/"
    client.post(f"{base}reason/add/", {"name": "Нет  бюджета"})
    made = reason("Нет бюджета")
    client.post(f"{base}reason/{made.pk}/up/")
    assert [one.name for one in LossReason.objects.in_use()][-2] == "Нет бюджета"
    client.post(f"{base}reason/{made.pk}/rename/", {"name": "Бюджет урезан"})
    assert "Бюджет урезан" in client.get(base).content.decode()
    client.post(f"{base}reason/add/", {"name": "бюджет УРЕЗАН"})
    assert LossReason.objects.in_use().count() == 6
    client.post(f"{base}reason/{made.pk}/remove/")
    assert "Бюджет урезан" not in client.get(base).content.decode()
    with pytest.raises(NotPermitted):
        add_loss_reason("Моя", by=cast.actor(cast.seller))


def test_lost_deals_are_filtered_by_reason_and_asked_for_it(cast: Cast, client: Client) -> None:
    by = cast.actor(cast.owner)
    dear, silent = a_deal(cast, title="Дорогая"), a_deal(cast, title="Тихая")
    ask = client.get(f"/c/romashka/deals/{dear.pk}/lose/").content.decode()
    assert f'<option value="{reason().pk}"' in ask
    client.post(f"/c/romashka/deals/{dear.pk}/lose/", {"loss": reason().pk, "reason": ""})
    assert client.post(f"/c/romashka/deals/{silent.pk}/lose/", {"loss": "other", "reason": ""}).status_code == 422
    lose_deal(silent, by=by, reason="молчит")
    page = client.get(f"/c/romashka/deals/?view=all&f.loss={reason().pk}&cols=title,loss,lost_reason").content.decode()
    assert "Дорогая" in page
    assert "Тихая" not in page
    assert "Слишком дорого" in client.get(f"/c/romashka/deals/{dear.pk}/").content.decode()
