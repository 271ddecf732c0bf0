"""The result of a campaign as a PDF: all of it, in four languages, at once, and nothing a person wrote is read as markup."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import translation

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.marketing.campaigns.actions import Cost, set_costs
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.paper import data_of, pdf_of
from dialogue.marketing.campaigns.results import measure
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]
Ready = Callable[..., Campaign]
TITLES = {"en": "Funnel", "ru": "Воронка", "uk": "Воронка", "ro": "Pâlnie"}


@pytest.mark.parametrize("language", list(TITLES))
def test_result_is_a_pdf_in_each_language(willing: Make, ready: Ready, by: Actor, cast: Cast, language: str) -> None:
    willing("Anna")
    made = ready("Осінь ґ є ї — Toamnă ș ț", plan_people=3, goal="#panic() $x$ *b* [a] \\ // @x <y>")
    set_costs(made, [Cost("Друк", planned=100, spent=90)], by=by)  # type: ignore[arg-type]
    run = launch_campaign(made, by=by)
    with translation.override(language):
        result = measure(made, run)
        data = data_of(made, run, result, cast.company)
        pdf = pdf_of(made, run, result, cast.company)
    assert pdf.startswith(b"%PDF-")
    assert data["funnel"]["title"] == TITLES[language]
    said = json.dumps(data, ensure_ascii=False)
    for expected in (made.name, made.goal.replace("\\", "\\\\"), "Друк", data["counted"]):
        assert expected in said
    assert {"heads", "lines", "title", "left"} == set(data["tables"][0])


def test_pdf_is_behind_the_campaigns_door(willing: Make, ready: Ready, by: Actor, cast: Cast, client: Client) -> None:
    willing("Anna")
    made = ready()
    path = f"/c/romashka/campaigns/{made.pk}/result.pdf"
    assert client.get(path).status_code == 404
    launch_campaign(made, by=by)
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert "attachment" in answer["Content-Disposition"]
    stranger = Client()
    stranger.force_login(cast.stranger)
    assert stranger.get(path).status_code == 404
    assert "result.pdf" in client.get(f"/c/romashka/campaigns/{made.pk}/").content.decode()


def test_compiler_is_loaded_by_the_first_pdf_only() -> None:
    code = "import django; django.setup(); import dialogue.faces.urls, sys; print('typst' in sys.modules, 'nh3' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"DJANGO_SETTINGS_MODULE": "dialogue.settings"},
    )
    assert said.stdout.strip() == "False False"
