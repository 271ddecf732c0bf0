"""Imported deals stand on their customers' timelines, and go from there with the import."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.models import Entry
from dialogue.faces.command.main import main
from dialogue.kit.scope import tenant_scope
from dialogue.selling.deals.actions import change_deal
from dialogue.selling.deals.models import Deal
from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def load(capsys: pytest.CaptureFixture[str], folder: Path, text: str) -> int:
    """Import deals by the command line and return the import's number."""
    file = folder / f"{len(list(folder.iterdir()))}.csv"
    file.write_text(text)
    capsys.readouterr()
    assert main(["import", str(file), "--company", "romashka", "--as", "deals", "--json"]) == 0
    return int(json.loads(capsys.readouterr().out)["import"])


def test_imported_deals_are_told_and_their_undo_takes_the_words_back(
    cast: Cast, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FILES_FOLDER = tmp_path / "files"
    head = "Название сделки;Основной контакт;Компания;Статус сделки;Дата создания;ID\n"
    row = "Сайт;Иван Дуликов;ООО Вектор;{};05.03.2024;D-1\n"
    tail = "Поддержка;;ООО Вектор;;;D-2\nБез клиента;;;;;D-3\n"
    run = load(capsys, tmp_path, head + row.format("Активные переговоры") + tail)
    with tenant_scope(cast.company.pk):
        told = {entry.subject: entry for entry in Entry.objects.select_related("party")}
        assert set(told) == {"Сайт", "Поддержка"}
        assert told["Сайт"].at.astimezone(cast.company.zone).date() == date(2024, 3, 5)
        assert told["Сайт"].party.name == "Иван Дуликов"
        assert told["Поддержка"].party.name == "ООО Вектор"
    again = load(capsys, tmp_path, head + row.format("Принимают решение"))
    with tenant_scope(cast.company.pk):
        moved = Entry.objects.get(kind="deal_stage")
        assert moved.subject == "Сайт · Активные переговоры → Принимают решение"
    for number, left in ((again, 2), (run, 0)):
        assert main(["undo", str(number)]) == 0
        with tenant_scope(cast.company.pk):
            assert Entry.objects.count() == left
    with tenant_scope(cast.company.pk):
        assert not Deal.with_bin.exists()
        assert not Party.with_bin.exists()


def test_entry_of_an_imported_deal_that_stays_stays_too(
    cast: Cast, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FILES_FOLDER = tmp_path / "files"
    run = load(capsys, tmp_path, "Название сделки;Основной контакт\nСайт;Иван Дуликов\nЛендинг;Пётр Шерстюк\n")
    with tenant_scope(cast.company.pk):
        change_deal(Deal.objects.get(title="Сайт"), by=cast.actor(cast.owner), title="Новый сайт")
    assert main(["undo", str(run)]) == 0
    with tenant_scope(cast.company.pk):
        assert [deal.title for deal in Deal.objects.all()] == ["Новый сайт"]
        assert [entry.subject for entry in Entry.objects.all()] == ["Сайт"]
        assert [party.name for party in Party.objects.all()] == ["Иван Дуликов"]
