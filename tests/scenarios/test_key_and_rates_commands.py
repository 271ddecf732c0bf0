"""The command line makes keys and loads rates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client

from dialogue.faces.command.main import main
from dialogue.platform.accounts.keys import new_secret
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db
UKRAINE = '[{"r030":978,"rate":45.1234,"cc":"EUR","exchangedate":"05.03.2026"},{"r030":1,"rate":1,"cc":"USD","exchangedate":"05.03.2026"}]'


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_key_is_made_and_revoked(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "make", "shop", "--company", "romashka", "--member", cast.seller.email, "--json"]) == 0
    secret = json.loads(capsys.readouterr().out)["secret"]
    sent = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/company", headers=sent).json()["login"] == "romashka"
    assert main(["key", "revoke", secret[-6:], "--company", "romashka"]) == 0
    assert Client().get("/api/v1/company", headers=sent).status_code == 401
    assert main(["key", "revoke", secret[-6:], "--company", "romashka"]) == 1


def test_key_for_a_stranger_is_refused(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "make", "x", "--company", "romashka", "--member", cast.stranger.email, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == 422


def test_rates_are_loaded(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rates.json"
    file.write_text(UKRAINE)
    assert main(["rates", str(file), "--company", "romashka", "--only", "EUR", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"company": "romashka", "loaded": 1}
    file.write_text("nonsense")
    assert main(["rates", str(file), "--company", "romashka", "--json"]) == 1


def test_the_end_of_a_key_is_never_taken_for_an_option() -> None:
    assert all(new_secret().removeprefix("dlg_").isalnum() for _key in range(300))
