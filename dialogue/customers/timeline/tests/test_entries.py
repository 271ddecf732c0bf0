"""Touches, responses and notes through the actions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone
from moneyed import Money

from dialogue.customers.sources.actions import create_source, ensure_sources
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.actions import (
    record_call,
    record_entries,
    record_note,
    record_response,
    record_touch,
    remove_entries,
    strike_entry,
)
from dialogue.customers.timeline.attribution import touch_behind, touches_behind
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.customers.timeline.models import Entry, answers_to
from dialogue.kit.errors import Conflict, NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from tests.cast import Cast, a_person, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def test_answer_stands_under_its_touch_and_campaign(cast: Cast) -> None:
    ivan, olga = a_person(cast), a_person(cast, "Ольга Панина")
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        campaign = create_source(name="Поддержка к выставке", by=owner)
        touch = record_touch(ivan, kind="message", way="messenger", subject="Приглашение", source=campaign.pk, by=owner)
        answer = record_response(ivan, kind="reply", touch=touch, body="Буду во вторник.\nПришлите цены.", by=owner)
        assert (answer.touch, answer.source, answer.way) == (touch.pk, campaign.pk, "messenger")
        assert answers_to([touch.pk]) == {touch.pk: [answer]}
        with pytest.raises(Refusal, match="this customer"):
            record_response(olga, kind="reply", touch=touch, by=owner)
        with pytest.raises(Refusal, match="older"):
            record_response(ivan, kind="reply", touch=touch, at=touch.at - timedelta(days=1), by=owner)
        with pytest.raises(Refusal, match="kinds"):
            record_response(ivan, kind="message", by=owner)
        with pytest.raises(Refusal, match="passed"):
            record_touch(ivan, kind="message", at=timezone.now() + timedelta(days=1), by=owner)
    with tenant_scope(cast.other_company.pk):
        assert not Entry.objects.exists()


def test_calls_and_notes_take_their_sides(cast: Cast) -> None:
    ivan, owner = a_person(cast), cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        assert record_call(ivan, minutes=6, body="Обсудили цену", by=owner).side == "out"
        assert record_call(ivan, incoming=True, by=owner).side == "in"
        assert record_call(ivan, reached=False, by=owner).kind == "call_missed"
        note = record_note(ivan, body="Любит краткость", by=cast.actor(cast.seller))
        with pytest.raises(Refusal):
            record_call(ivan, minutes=-1, by=owner)
        with pytest.raises(Refusal):
            record_note(ivan, body="  ", by=owner)
        boss_note = record_note(ivan, body="Скидка до 5 %", by=owner)
        with pytest.raises(NotPermitted):
            strike_entry(boss_note, by=cast.actor(cast.seller))
        strike_entry(note, by=cast.actor(cast.seller))
        touch = record_call(ivan, by=owner)
        answer = record_response(ivan, kind="refused", touch=touch, by=owner)
        with pytest.raises(Conflict):
            strike_entry(touch, by=owner)
        strike_entry(answer, by=owner)
        strike_entry(touch, by=owner)
        assert not Entry.objects.filter(pk__in=[note.pk, touch.pk, answer.pk]).exists()


def test_many_entries_of_any_year_go_in_one_statement(cast: Cast) -> None:
    ivan, owner = a_person(cast), cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        created: list[int] = []
        campaigns = ensure_sources(["Весна 2012", "весна  2012", "Осень"], by=owner, created=created)
        assert len(created) == Source.objects.count() == 2
        drafts = [
            EntryDraft(ivan.pk, "campaign", datetime(year, 5, 1, tzinfo=UTC), source=campaigns["Осень"].pk)
            for year in (1999, 2012, 2024, 2031, 2050)
        ]
        drafts.append(
            EntryDraft(
                ivan.pk, "bought", datetime(2024, 6, 1, tzinfo=UTC), amount=Decimal("10.5"), currency="GBP", facts={"n": 1}
            )
        )
        ids = record_entries(drafts, by=owner, cause="import 1")
        rows = Entry.objects.in_bulk(ids)
        assert [rows[pk].at.year for pk in ids] == [1999, 2012, 2024, 2031, 2050, 2024]
        assert rows[ids[-1]].money == Money("10.5", "GBP")
        assert rows[ids[-1]].side == "in"
        answer = record_response(ivan, kind="reply", touch=ids[2], by=owner)
        assert set(remove_entries(ids, by=owner)) == set(ids) - {ids[2]}
        assert set(remove_entries([ids[2], answer.pk], by=owner)) == {ids[2], answer.pk}
        assert record_entries([], by=owner) == []


def test_purchase_is_put_down_to_the_last_answered_touch(cast: Cast) -> None:
    ivan, owner = a_person(cast), cast.actor(cast.owner)
    now = timezone.now()
    with tenant_scope(cast.company.pk):
        first, second, unread = record_entries(
            [EntryDraft(ivan.pk, "letter", now - timedelta(days=days)) for days in (40, 20, 2)], by=owner
        )
        record_entries(
            [
                EntryDraft(ivan.pk, "link_followed", now - timedelta(days=39), touch=first),
                EntryDraft(ivan.pk, "link_followed", now - timedelta(days=19), touch=second),
                EntryDraft(ivan.pk, "opened", now - timedelta(days=1), touch=unread),
            ],
            by=owner,
        )
        assert touch_behind(ivan.pk, now) == second
        assert touch_behind(ivan.pk, now - timedelta(days=25)) == first
        assert touch_behind(ivan.pk, now + timedelta(days=20)) is None
        moments = [(ivan.pk, now), (ivan.pk, now - timedelta(days=25)), (ivan.pk, now + timedelta(days=20))]
        assert touches_behind(moments) == {moments[0]: second, moments[1]: first}


def test_partition_asked_by_name_is_fenced(cast: Cast) -> None:
    ivan, owner = a_person(cast), cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        record_note(ivan, body="наше", by=owner)
    with tenant_scope(cast.other_company.pk), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE relname LIKE 'timeline_entry%' AND relkind = 'r'"
        )
        parts = [row[0] for row in cursor.fetchall()]
        assert len(parts) > 5
        for part in parts:
            cursor.execute(f"SELECT count(*) FROM {part}")
            assert cursor.fetchone() == (0,)


def test_seller_sees_entries_of_his_customers_only(cast: Cast) -> None:
    ivan, owner = a_person(cast), cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        entry = record_note(ivan, body="наше", by=owner)
        assert Entry.objects.visible_to(owner).get() == entry
        keeper = cast.actor(cast.seller)
        narrow = type(keeper)(tenant=keeper.tenant, label="x", user=keeper.user, permissions=keeper.permissions)
        assert not Entry.objects.visible_to(narrow).exists()
