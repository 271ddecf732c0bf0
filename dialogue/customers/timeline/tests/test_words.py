"""Finding entries by what was said: parts of words, either alphabet, the customer's name, few and very many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.timeline import words
from dialogue.customers.timeline.actions import record_note, record_touch, strike_entry
from dialogue.customers.timeline.bulk import EntryDraft, record_entries, remove_entries
from dialogue.customers.timeline.models import Entry, EntryWords
from dialogue.kit.scope import tenant_scope
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


def found(cast: Cast, text: str, who: str = "owner") -> list[str]:
    client = Client()
    client.force_login(getattr(cast, who))
    with tenant_scope(cast.company.pk):
        rows = Entry.objects.order_by("id")
        page = client.get("/c/romashka/events/", {"q": text}).content.decode()
        return [row.subject or row.body or "" for row in rows if f'data-id="{row.pk}"' in page]


def say(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    ivan, anna = a_person(cast, "Иван Дуликов"), a_person(cast, "Anna Popescu")
    record_touch(ivan, kind="call", subject="Поставка насосов", body="Обсудили отсрочку платежа", by=by)
    record_note(anna, body="Просит смету на монтаж", by=by)
    record_entries(
        [EntryDraft(anna.pk, "bought", timezone.now(), subject="INV-2024/0017"), EntryDraft(ivan.pk, "came", timezone.now())],
        by=by,
    )


@pytest.mark.parametrize("few", [5000, 0], ids=["few", "many"])
def test_entries_are_found_by_parts_of_what_was_said(cast: Cast, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "FEW_ENTRIES", few)
    monkeypatch.setattr(words, "FEW_PARTIES", few)
    say(cast)
    assert found(cast, "насос") == ["Поставка насосов"]
    assert found(cast, "nasosov") == ["Поставка насосов"]
    assert found(cast, "отсрочк постав") == ["Поставка насосов"]
    assert found(cast, "смету") == ["Просит смету на монтаж"]
    assert found(cast, "inv-2024") == ["INV-2024/0017"]
    assert found(cast, "dulikov") == ["Поставка насосов", ""]
    assert found(cast, "popesc") == ["Просит смету на монтаж", "INV-2024/0017"]
    assert found(cast, "насос смету") == []
    assert found(cast, "Ан") == ["Просит смету на монтаж", "INV-2024/0017"]


def test_words_go_with_their_entry(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    person = a_person(cast)
    note = record_note(person, body="Секретное слово", by=by)
    ids = record_entries([EntryDraft(person.pk, "bought", timezone.now(), subject="Заказ 7")], by=by)
    assert EntryWords.objects.count() == 2
    strike_entry(note, by=by)
    assert not EntryWords.objects.filter(found__contains="sekretnoe").exists()
    remove_entries(ids, by=by)
    assert not EntryWords.objects.exists()


def test_stranger_and_short_reach_find_nothing(cast: Cast) -> None:
    say(cast)
    with tenant_scope(cast.other_company.pk):
        assert not EntryWords.objects.exists()
    client = Client()
    client.force_login(cast.stranger)
    assert "насосов" not in client.get("/c/other/events/", {"q": "насос"}).content.decode()
