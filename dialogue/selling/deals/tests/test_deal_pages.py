"""Deals through their pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.actions import create_task, do_task
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.selling.deals.actions import add_deal_contact, change_deal, comment_deal, lose_deal, win_deal
from dialogue.selling.deals.board import CARDS
from dialogue.selling.deals.models import BoardState, Deal, Pipeline, Stage
from dialogue.selling.deals.panels import deals_panel
from tests.cast import Cast, a_deal, a_firm, a_person, make_cast

pytestmark = pytest.mark.django_db


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


def stage(number: int) -> Stage:
    return list(Stage.objects.in_use())[number - 1]


def at(path: str = "") -> str:
    return f"/c/romashka/deals/{path}"


def undo_of(note: str) -> str:
    edit = note.split('data-done="')[1].split('"', maxsplit=1)[0]
    return f"/c/romashka/lists/deals/bulk/{edit}/undo/"


def test_list_says_shown_matching_and_sum(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    a_deal(cast, title="Корп сайт", budget=Decimal(1_520_000), contact=person.pk)
    won = a_deal(cast, title="Аудит", budget=Decimal(100_000))
    win_deal(won, by=cast.actor(cast.owner))
    page = client.get(at(), headers={"Accept-Language": "ru"}).content.decode()
    assert "Корп сайт" in page
    assert "Аудит" not in page
    assert "1\u202f520\u202f000" in page
    everything = client.get(at("?view=all")).content.decode()
    assert "1\u202f620\u202f000" in everything


def test_filter_counts_and_sums_follow(cast: Cast, client: Client) -> None:
    for number in range(3):
        a_deal(cast, title=f"Сделка {number}", budget=Decimal(10))
    a_deal(cast, title="Другая", budget=Decimal(5), stage=stage(2).pk)
    answer = client.get(f"/c/romashka/lists/deals/totals/?f.stage={stage(1).pk}").content.decode()
    assert ">3<" in answer
    assert "30" in answer


def test_deals_are_filtered_by_their_tasks(cast: Cast, client: Client) -> None:
    today = cast.company.today()
    late, now, later, none = (a_deal(cast, title=title) for title in ("Опоздала", "Сегодня", "Через год", "Без задач"))
    by = cast.actor(cast.owner)
    for deal, day in ((late, -3), (now, -2), (now, 0), (later, 400)):
        create_task("Позвонить", by=by, due_on=today + timedelta(days=day), subject=("deal", deal.pk))
    done = create_task("Написать", by=by, due_on=today, subject=("deal", none.pk))
    do_task(done, by=by)

    def shown(query: str) -> set[str]:
        page = client.get(at(f"?view=all&{query}")).content.decode()
        return {deal.title for deal in (late, now, later, none) if f'<tr data-id="{deal.pk}"' in page}

    assert shown("f.tasks=overdue") == {"Опоздала", "Сегодня"}
    assert shown("f.tasks=today") == {"Сегодня"}
    assert shown("f.tasks=none") == {"Без задач"}
    assert shown("f.tasks=today&f.tasks=none") == {"Сегодня", "Без задач"}
    assert shown("f.tasks.not_in=none") == {"Опоздала", "Сегодня", "Через год"}
    assert shown("f.tasks.empty=yes") == {"Без задач"}
    assert shown("f.tasks=overdue&cols=title,tasks") == {"Опоздала", "Сегодня"}
    assert 'name="f.tasks"' in client.get(at()).content.decode()
    wrong = client.get(at("?view=all&f.tasks=someday"))
    assert "someday" in wrong.content.decode()


def test_list_and_board_stay_within_their_queries(cast: Cast, client: Client) -> None:
    firm, person = a_firm(cast), a_person(cast)
    for number in range(12):
        a_deal(cast, title=f"Сделка {number}", company=firm.pk, contact=person.pk, stage=stage(number % 5 + 1).pk)
    client.get(at())
    with CaptureQueriesContext(connection) as seen:
        client.get(at("?view=all"))
    listed = [one["sql"] for one in seen.captured_queries if one["sql"].startswith("SELECT") and "set_config" not in one["sql"]]
    with CaptureQueriesContext(connection) as seen:
        client.get(at("board/"))
    board = [one["sql"] for one in seen.captured_queries if one["sql"].startswith("SELECT") and "set_config" not in one["sql"]]
    assert len(listed) <= 16, "\n".join(listed)
    assert len(board) <= 18, "\n".join(board)


def test_search_finds_by_name_party_and_characteristic(cast: Cast, client: Client) -> None:
    by = cast.actor(cast.owner)
    define_characteristic("deal", label="Площадка", kind="text", code="site", by=by)
    firm = a_firm(cast, "ООО «Автопром»")
    a_deal(cast, title="Интернет-магазин", company=firm.pk)
    marked = a_deal(cast, title="Аудит")
    change_deal(marked, by=by, characteristics={"site": "Битрикс24"})
    for text, title in (("нтернет", "Интернет-магазин"), ("автопр", "Интернет-магазин"), ("битрикс", "Аудит")):
        page = client.get(at(f"?view=all&q={text}")).content.decode()
        assert title in page
        assert page.count("<tr data-id") == 1


def test_new_deal_makes_its_customers(cast: Cast, client: Client) -> None:
    assert "contact_text" in client.get(at("new/")).content.decode()
    sent = {
        "title": "Корп сайт",
        "contact": "new:Иван Дуликов",
        "contact_text": "Иван Дуликов",
        "company": "new:ООО «Автопром»",
        "budget": "1 520 000,50",
        "currency": "RUB",
        "responsible": str(cast.seller.pk),
        "stage": str(stage(2).pk),
    }
    answer = client.post(at("new/"), sent, headers={"HX-Request": "true"})
    deal = Deal.objects.get()
    assert answer.headers["HX-Redirect"] == at(f"{deal.pk}/")
    assert (deal.budget, deal.stage_id, deal.responsible_id) == (Decimal("1520000.50"), stage(2).pk, cast.seller.pk)
    assert (deal.company.name, deal.contact.name, deal.contact.company_id) == (
        "ООО «Автопром»",
        "Иван Дуликов",
        deal.company_id,
    )
    assert client.get(at(f"{deal.pk}/")).status_code == 200


def test_wrong_form_comes_back_with_what_was_typed(cast: Cast, client: Client) -> None:
    answer = client.post(at("new/"), {"title": "", "budget": "дорого", "contact": "new:Иван"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "дорого" in page
    assert not Deal.objects.exists()
    assert not Party.objects.exists()


def test_stale_edit_is_refused_in_the_form(cast: Cast, client: Client) -> None:
    deal = a_deal(cast)
    form = client.get(at(f"{deal.pk}/edit/")).content.decode()
    etag = form.split('name="etag" value="')[1].split('"')[0]
    change_deal(deal, by=cast.actor(cast.owner), title="Иначе")
    answer = client.post(at(f"{deal.pk}/edit/"), {"title": "Моё", "etag": etag, "currency": "RUB"})
    assert answer.status_code == 422
    assert Deal.objects.get().title == "Иначе"


def test_board_shows_columns_with_counts_sums_and_forty_cards(cast: Cast, client: Client) -> None:
    for number in range(CARDS + 3):
        a_deal(cast, title=f"Сделка {number}", budget=Decimal(1000))
    page = client.get(at("board/")).content.decode()
    assert page.count('class="deal"') == CARDS
    assert f'<span class="count">{CARDS + 3}</span>' in page
    assert "43\u202f000" in page
    key = page.split("from=")[1].split('"')[0]
    rest = client.get(at(f"board/{stage(1).pk}/?from={key}")).content.decode()
    assert rest.count('class="deal"') == 3


def test_move_answers_with_the_new_figures(cast: Cast, client: Client) -> None:
    deal = a_deal(cast, budget=Decimal(500))
    answer = client.post(at(f"{deal.pk}/move/"), {"stage": stage(3).pk, "at_stage": stage(1).pk})
    heads = {one["stage"]: one["count"] for one in json.loads(answer.content)["columns"]}
    assert heads == {stage(1).pk: 0, stage(3).pk: 1}
    refused = client.post(at(f"{deal.pk}/move/"), {"stage": stage(2).pk, "at_stage": stage(1).pk})
    assert refused.status_code == 409
    why = client.post(at(f"{deal.pk}/move/"), {"stage": stage(6).pk, "at_stage": stage(3).pk})
    assert (why.status_code, json.loads(why.content)["code"]) == (422, "reason-needed")
    deal.refresh_from_db()
    assert deal.stage_id == stage(3).pk


def test_last_way_of_looking_is_remembered(cast: Cast, client: Client) -> None:
    assert client.get(at()).status_code == 200
    assert not BoardState.objects.exists()
    client.post(at("remember/"), {"view": "board", "pipeline": Pipeline.objects.get().pk})
    assert client.get(at()).headers["Location"] == at("board/")
    client.post(at("remember/"), {"view": "list"})
    assert client.get(at()).status_code == 200


def test_deal_page_verbs(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    deal = a_deal(cast, contact=person.pk, budget=Decimal(9))
    client.post(at(f"{deal.pk}/comments/"), {"text": "Звонил"})
    client.post(at(f"{deal.pk}/tags/"), {"tags": "сайт, срочно"})
    client.post(at(f"{deal.pk}/contacts/"), {"party": person.pk, "role": "decides"})
    client.post(at(f"{deal.pk}/stage/{stage(2).pk}/"))
    refused = client.post(at(f"{deal.pk}/lose/"), {"reason": ""})
    assert refused.status_code == 422
    client.post(at(f"{deal.pk}/lose/"), {"reason": "Дорого"})
    page = client.get(at(f"{deal.pk}/")).content.decode()
    for word in ("Звонил", "срочно", "Дорого", "Иван Дуликов"):
        assert word in page
    client.post(at(f"{deal.pk}/reopen/"))
    client.post(at(f"{deal.pk}/win/"))
    deal.refresh_from_db()
    assert deal.stage_class == "won"
    client.post(at(f"{deal.pk}/delete/"))
    assert client.get(at(f"{deal.pk}/")).status_code == 404


def test_stranger_and_colleague_without_reach_get_the_same(cast: Cast) -> None:
    deal = a_deal(cast)
    seller = Client()
    seller.force_login(cast.seller)
    assert seller.get(at(f"{deal.pk}/")).status_code == 404
    stranger = Client()
    stranger.force_login(cast.stranger)
    assert stranger.get(at(f"{deal.pk}/")).status_code == 404
    assert stranger.get(f"/c/other/deals/{deal.pk}/").status_code == 404


def test_settings_change_stages(cast: Cast, client: Client) -> None:
    pipeline = Pipeline.objects.get()
    client.post(at(f"settings/pipeline/{pipeline.pk}/stage/"), {"name": "Демонстрация", "stage_class": "open"})
    assert stage(5).name == "Демонстрация"
    client.post(at(f"settings/stage/{stage(5).pk}/up/"))
    client.post(at(f"settings/stage/{stage(4).pk}/rename/"), {"name": "Показ"})
    assert stage(4).name == "Показ"
    client.post(at("settings/pipeline/add/"), {"name": "Повторные"})
    assert Pipeline.objects.in_use().count() == 2
    page = client.get(at("settings/")).content.decode()
    assert "Показ" in page
    assert client.get(at("board/?pipeline=" + str(Pipeline.objects.last().pk))).status_code == 200


def test_bulk_edit_and_its_undo(cast: Cast, client: Client) -> None:
    ids = [a_deal(cast, title=title).pk for title in "ab"]
    run = "/c/romashka/lists/deals/bulk/run/"
    given = {"ids": ",".join(map(str, ids)), "value": str(cast.seller.pk), "verb": "responsible"}
    done = client.post(run, given).content.decode()
    assert Deal.objects.filter(responsible=cast.seller).count() == 2
    client.post(undo_of(done))
    assert Deal.objects.filter(responsible=cast.owner).count() == 2
    done = client.post(run, given | {"verb": "stage", "value": str(stage(3).pk)}).content.decode()
    assert Deal.objects.filter(stage=stage(3)).count() == 2
    client.post(undo_of(done))
    assert Deal.objects.filter(stage=stage(1)).count() == 2
    done = client.post(run, given | {"verb": "delete", "value": ""}).content.decode()
    assert not Deal.objects.exists()
    client.post(undo_of(done))
    assert Deal.objects.count() == 2


def test_card_of_a_customer_names_his_deals(cast: Cast, client: Client) -> None:
    person = a_person(cast)
    lose_deal(a_deal(cast, title="Старая", contact=person.pk), by=cast.actor(cast.owner), reason="x")
    a_deal(cast, title="Новая", contact=person.pk)
    html = deals_panel(SimpleNamespace(actor=cast.actor(cast.owner)), person)
    assert html.index("Новая") < html.index("Старая")


def test_deal_page_costs_the_same_for_any_number_of_contacts(cast: Cast, client: Client) -> None:
    by = cast.actor(cast.owner)
    deal = a_deal(cast, contact=a_person(cast, "Первый").pk)
    client.get(at(f"{deal.pk}/"))
    with CaptureQueriesContext(connection) as few:
        client.get(at(f"{deal.pk}/"))
    for name in ("Второй", "Третий", "Четвёртый"):
        add_deal_contact(deal, a_person(cast, name).pk, by=by)
    comment_deal(deal, "a", by=by)
    comment_deal(deal, "b", by=by)
    with CaptureQueriesContext(connection) as many:
        client.get(at(f"{deal.pk}/"))
    assert len(many) <= len(few) + 2, len(many)
