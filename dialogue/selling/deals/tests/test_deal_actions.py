"""Deals through their actions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dialogue.customers.parties.models import Tag
from dialogue.kit.actors import Actor, Reach
from dialogue.kit.editing import StaleEdit
from dialogue.kit.errors import InvalidInput, NotFound, NotPermitted, Refusal
from dialogue.kit.rows import etag_of
from dialogue.kit.scope import tenant_scope
from dialogue.platform.audit.models import Entry
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.platform.notices.models import Notice
from dialogue.platform.rates.actions import set_rate
from dialogue.selling.deals.actions import (
    add_deal_contact,
    change_deal,
    comment_deal,
    create_deal,
    delete_comment,
    lose_deal,
    move_deal,
    remove_deal_contact,
    reopen_deal,
    tag_deal,
    win_deal,
)
from dialogue.selling.deals.batches import (
    assign_deals,
    bin_deals,
    create_deals,
    move_deals,
    restore_deals,
    tag_deals,
    untag_deals,
)
from dialogue.selling.deals.drafts import NewContact, NewDeal
from dialogue.selling.deals.errors import DealClosed, DealOpen, ReasonNeeded
from dialogue.selling.deals.models import Deal, DealContact, Pipeline, Stage, StageChange
from dialogue.selling.deals.pipelines import add_stage, archive_pipeline, archive_stage, change_stage, create_pipeline
from tests.cast import Cast, a_deal, a_person, make_cast

pytestmark = pytest.mark.django_db
STAGES = [
    "Первичный контакт",
    "Активные переговоры",
    "Принимают решение",
    "Согласование договора",
    "Закрыто и успешно реализовано",
    "Закрыто и не реализовано",
]


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


def stage(number: int) -> Stage:
    return list(Stage.objects.in_use())[number - 1]


def column(number: int) -> list[str]:
    return list(Deal.objects.filter(stage=stage(number)).order_by("rank", "pk").values_list("title", flat=True))


def test_company_begins_with_the_six_stages_in_its_language(cast: Cast) -> None:
    assert [one.name for one in Stage.objects.in_use()] == STAGES
    assert [one.stage_class for one in Stage.objects.in_use()] == ["open"] * 4 + ["won", "lost"]
    with tenant_scope(cast.other_company.pk):
        assert next(one.name for one in Stage.objects.in_use()) == "First contact"


def test_deal_is_created_on_top_of_the_first_stage(cast: Cast, by: Actor) -> None:
    person = a_person(cast)
    create_deal(NewDeal(title="Аудит"), by=by)
    draft = NewDeal(
        title=" Корп  сайт ", contact=person.pk, contacts=[NewContact(person.pk, "decides")], budget=Decimal(1_520_000)
    )
    deal = create_deal(draft, by=by)
    assert (deal.title, deal.company_id, deal.currency, deal.responsible_id) == ("Корп сайт", None, "RUB", by.user)
    assert column(1) == ["Корп сайт", "Аудит"]
    assert DealContact.objects.get(deal=deal).role == "decides"
    assert (deal.base_amount, deal.base_currency, deal.rate) == (Decimal(1_520_000), "RUB", Decimal(1))
    kept = StageChange.objects.get(deal=deal)
    assert (kept.before_id, kept.stage_id, kept.amount, kept.by) == (None, deal.stage_id, Decimal(1_520_000), by.user)
    assert Entry.objects.filter(event="deal.created", subject_id=deal.pk).exists()


def test_wrong_deal_is_refused_field_by_field(by: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_deal(NewDeal(title=" ", stage=-1, currency="рубль", characteristics={"nothing": 1}), by=by)
    assert set(refused.value.errors) == {"title", "stage", "currency", "characteristics.nothing"}
    with pytest.raises(Refusal) as unknown:
        create_deal(NewDeal(title="A", company=999_999), by=by)
    assert unknown.value.field == "company"
    with pytest.raises(InvalidInput):
        create_deal(NewDeal(title="A", budget=Decimal(-1)), by=by)
    assert not Deal.objects.exists()


def test_foreign_budget_keeps_its_dated_rate(cast: Cast, by: Actor) -> None:
    waiting = create_deal(NewDeal(title="Before", budget=Decimal(10), currency="eur"), by=by)
    assert waiting.base_amount is None
    set_rate("EUR", "RUB", date(2026, 1, 1), Decimal("98.5"), by=by)
    waiting.refresh_from_db()
    assert (waiting.base_amount, waiting.rate_on) == (Decimal(985), date(2026, 1, 1))
    deal = create_deal(NewDeal(title="After", budget=Decimal(100), currency="EUR"), by=by)
    assert (deal.base_amount, deal.rate, deal.rate_on) == (Decimal(9850), Decimal("98.5"), date(2026, 1, 1))
    set_rate("EUR", "RUB", date(2026, 2, 1), Decimal(110), by=by)
    deal.refresh_from_db()
    assert deal.base_amount == Decimal(9850)
    assert change_deal(deal, by=by, budget="200").base_amount == Decimal(22_000)


def test_stage_changes_are_kept(by: Actor, cast: Cast) -> None:
    deal = a_deal(cast)
    move_deal(deal, stage(2), by=by)
    won = win_deal(deal, by=by)
    assert (won.stage_class, won.stage.name) == ("won", STAGES[4])
    assert won.closed_at is not None
    kept = list(StageChange.objects.filter(deal=deal).order_by("id"))
    assert [one.stage.name for one in kept] == [STAGES[0], STAGES[1], STAGES[4]]
    assert [one.left_at is None for one in kept] == [False, False, True]
    with pytest.raises(DealClosed):
        win_deal(deal, by=by)
    back = reopen_deal(deal, by=by)
    assert (back.stage.name, back.closed_at) == (STAGES[1], None)
    with pytest.raises(DealOpen):
        reopen_deal(deal, by=by)


def test_lost_deal_says_why(by: Actor, cast: Cast) -> None:
    deal = a_deal(cast)
    with pytest.raises(ReasonNeeded):
        lose_deal(deal, by=by, reason="  ")
    with pytest.raises(ReasonNeeded):
        move_deal(deal, stage(6), by=by)
    lost = lose_deal(deal, by=by, reason="Дорого")
    assert (lost.stage_class, lost.lost_reason) == ("lost", "Дорого")
    assert reopen_deal(deal, by=by).lost_reason == ""


def test_card_is_put_between_two_others(by: Actor, cast: Cast) -> None:
    first, second, third = (a_deal(cast, title=title) for title in "cba")
    assert column(1) == ["a", "b", "c"]
    move_deal(first, stage(1), by=by, above=third.pk, below=second.pk)
    assert column(1) == ["a", "c", "b"]
    move_deal(third, stage(1), by=by, above=second.pk)
    assert column(1) == ["c", "b", "a"]
    Deal.objects.update(rank=5)
    move_deal(third, stage(1), by=by, above=first.pk, below=second.pk)
    assert column(1) == ["c", "a", "b"]


def test_move_seen_elsewhere_is_refused(by: Actor, cast: Cast) -> None:
    deal = a_deal(cast)
    seen = deal.stage_id
    move_deal(deal, stage(2), by=by)
    with pytest.raises(DealClosed):
        move_deal(deal, stage(3), by=by, at_stage=seen)


def test_stale_edit_shows_both_values(by: Actor, cast: Cast) -> None:
    deal = a_deal(cast, title="Аудит")
    etag = etag_of(deal)
    change_deal(deal, by=by, title="Аудит сайта", etag=etag)
    with pytest.raises(StaleEdit) as stale:
        change_deal(deal, by=by, title="Audit", etag=etag)
    assert (stale.value.clashes[0].yours, stale.value.clashes[0].now) == ("Audit", "Аудит сайта")


def test_own_number_is_unique_among_living_deals(by: Actor, cast: Cast) -> None:
    first = a_deal(cast, external_id="77")
    with pytest.raises(Refusal):
        a_deal(cast, external_id="77")
    bin_deals([first.pk], by=by)
    second = a_deal(cast, external_id="77")
    assert restore_deals([first.pk], by=by) == [first.pk]
    assert Deal.objects.get(pk=first.pk).external_id == ""
    assert Deal.objects.get(pk=second.pk).external_id == "77"


def test_reach_hides_others_deals(cast: Cast, by: Actor) -> None:
    deal = a_deal(cast)
    own = Actor(tenant=cast.company.pk, label="s", user=cast.seller.pk, reach={"deal": Reach.OWN}, permissions=by.permissions)
    assert not Deal.objects.visible_to(own).exists()
    seller = Actor(tenant=by.tenant, label="s", user=cast.seller.pk, permissions=frozenset({"deals:deal:write"}))
    with pytest.raises(NotFound):
        change_deal(deal, by=seller, title="x")
    with pytest.raises(NotPermitted):
        change_deal(deal, by=Actor(tenant=by.tenant, label="s", user=1), title="x")
    with tenant_scope(cast.other_company.pk):
        assert not Deal.objects.exists()


def test_contacts_have_roles(cast: Cast, by: Actor) -> None:
    deal = a_deal(cast)
    first, second = a_person(cast, "Иван Дуликов"), a_person(cast, "Ольга Смирнова")
    add_deal_contact(deal, first.pk, by=by, role="pays")
    add_deal_contact(deal, second.pk, by=by)
    add_deal_contact(deal, first.pk, by=by, role="decides")
    deal.refresh_from_db()
    assert deal.contact_id == first.pk
    assert DealContact.objects.get(deal=deal, party=first).role == "decides"
    remove_deal_contact(deal, first.pk, by=by)
    deal.refresh_from_db()
    assert deal.contact_id == second.pk


def test_comment_tells_whom_it_names(cast: Cast, by: Actor) -> None:
    deal = a_deal(cast)
    comment = comment_deal(deal, "@Boris посмотри, и @sergey тоже", by=by)
    assert comment.mentions == [cast.manager.pk, cast.seller.pk]
    assert Notice.objects.filter(user=cast.manager).get().address == f"deals/{deal.pk}/#comments"
    with pytest.raises(Refusal):
        delete_comment(comment, by=cast.actor(cast.manager))
    delete_comment(comment, by=by)
    assert not deal.comments.exists()
    with pytest.raises(Refusal):
        comment_deal(deal, " ", by=by)


def test_tags_are_set_by_name(cast: Cast, by: Actor) -> None:
    deal = a_deal(cast)
    tag_deal(deal, ["сайт", "Поддержка"], by=by)
    tag_deal(deal, ["САЙТ"], by=by)
    assert [str(link) for link in deal.tag_links.all()] == ["сайт"]


def test_many_deals_are_created_in_order(cast: Cast, by: Actor) -> None:
    define_characteristic("deal", label="Источник", kind="text", code="lead", filterable=True, by=by)
    person = a_person(cast)
    tag = Tag.objects.create(entity="deal", name="сайт", fold="сайт")
    old = datetime(2025, 5, 1, tzinfo=UTC)
    drafts = [
        NewDeal(title="Аудит", contact=person.pk, budget=Decimal(100_000), tags=[tag.pk], characteristics={"lead": "сайт"}),
        NewDeal(title="Сайт", stage=stage(5).pk, created_at=old),
        NewDeal(title="Отказ", stage=stage(6).pk, lost_reason="Дорого"),
        NewDeal(title="Ещё"),
    ]
    ids = create_deals(drafts, by=by)
    deals = [Deal.objects.get(pk=pk) for pk in ids]
    assert [deal.title for deal in deals] == ["Аудит", "Сайт", "Отказ", "Ещё"]
    assert column(1) == ["Аудит", "Ещё"]
    assert (deals[0].slot_text_1, deals[0].characteristics) == ("сайт", {"lead": "сайт"})
    assert (deals[1].closed_at, deals[1].stage_class) == (old, "won")
    assert deals[2].lost_reason == "Дорого"
    assert StageChange.objects.count() == 4
    assert deals[0].tag_links.count() == 1
    assert deals[0].contacts.count() == 1
    assert Entry.objects.get(event="deal.many_created").facts == {"count": 4}


def test_wrong_draft_among_many_writes_nothing(by: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_deals([NewDeal(title="Good"), NewDeal(title="")], by=by)
    assert set(refused.value.errors) == {"rows.1.title"}
    assert not Deal.objects.exists()


def test_many_deals_change_and_come_back(cast: Cast, by: Actor) -> None:
    ids = [a_deal(cast, title=title).pk for title in "abc"]
    assert assign_deals(ids, cast.seller.pk, by=by) == dict.fromkeys(ids, by.user)
    moved = move_deals(ids[:2], stage(6).pk, by=by, reason="Нет бюджета")
    assert set(moved) == set(ids[:2])
    assert Deal.objects.filter(lost_reason="Нет бюджета", stage_class="lost").count() == 2
    tag = Tag.objects.create(entity="deal", name="x", fold="x")
    tag_deals(ids, tag.pk, by=by)
    assert set(untag_deals(ids, tag.pk, by=by)) == set(ids)
    assert set(bin_deals(ids, by=by)) == set(ids)
    assert not Deal.objects.exists()
    assert set(restore_deals(ids, by=by)) == set(ids)


def test_pipeline_keeps_a_stage_of_each_class(cast: Cast, by: Actor) -> None:
    made = create_pipeline("Повторные продажи", by=by)
    assert made.stages.count() == 6
    with pytest.raises(Refusal):
        create_pipeline("Повторные продажи", by=by)
    added = add_stage(made, "Демонстрация", by=by)
    assert added.pk in [one.pk for one in made.stages.order_by("position")][:5]
    change_stage(added, by=by, position=1, name="Показ")
    assert made.stages.order_by("position").first().name == "Показ"
    archive_stage(added, by=by)
    with pytest.raises(Refusal):
        archive_stage(made.stages.get(stage_class="won"), by=by)
    archive_pipeline(made, by=by)
    with pytest.raises(Refusal):
        archive_pipeline(Pipeline.objects.in_use().get(), by=by)
    with pytest.raises(NotPermitted):
        create_pipeline("x", by=cast.actor(cast.seller))
