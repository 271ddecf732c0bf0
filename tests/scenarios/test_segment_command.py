"""The command line counts a rule and fills a segment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import transaction

from dialogue.faces.command.main import main
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments.actions import create_segment
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_rule_of_a_file_is_counted(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Анна", "Борис"):
        a_person(cast, name)
    rule = tmp_path / "rule.json"
    rule.write_text('{"field": "name", "is": "Анна"}', encoding="utf-8")
    assert main(["segment", "count", str(rule), "--company", "romashka", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["company"], said["count"], said["base"], said["exact"], said["plus_minus"]) == ("romashka", 1, 2, True, 0)
    assert main(["segment", "count", str(rule), "--company", "romashka"]) == 0
    assert capsys.readouterr().out == "1 of 2 customers\n"
    rule.write_text('{"field": "nothing", "is": 1}')
    assert main(["segment", "count", str(rule), "--company", "romashka", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "unknown-field"
    rule.write_text("{")
    assert main(["segment", "count", str(rule), "--company", "romashka", "--json"]) == 1
    assert main(["segment", "count", str(tmp_path / "none"), "--company", "romashka", "--json"]) == 1


def test_segment_is_filled(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        create_segment("Все", {"all": []}, by=cast.actor(cast.owner))
    a_person(cast, "Анна")
    assert main(["segment", "fill", "vse", "--company", "romashka", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["segment"], said["size"], said["joined"], said["left"]) == ("vse", 1, 1, 0)
    assert main(["segment", "fill", "nothing", "--company", "romashka", "--json"]) == 1
