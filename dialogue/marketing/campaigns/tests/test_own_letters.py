"""A letter of a segment's own: who gets it, in which order, how it is written, shown and measured."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from email import message_from_bytes
from email import policy as email_policy

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from dialogue.customers.channels.models import Delivery
from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.actions import record_entries
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.marketing.campaigns.actions import choose_segments, create_campaign, move_letter, remove_content, write_content
from dialogue.marketing.campaigns.freezing import count_audience
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, Content, Person, Run
from dialogue.marketing.campaigns.preflight import look_before
from dialogue.marketing.campaigns.results import Result, measure
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.segments.actions import create_segment
from dialogue.platform.accounts.actions import make_key
from dialogue.platform.mail.models import StoredLetter
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]


@pytest.fixture
def town(by: Actor, willing: Make) -> Campaign:
    """A campaign to everybody, with letters for those of Riga and for those whose name is Vera."""
    change_policy(by=by, start=0, end=24)
    for name, city in (("Anna", "Cahul"), ("Boris", "Riga"), ("Vera", "Riga"), ("Vlad", "Orhei")):
        willing(name, address={"city": city})
    everybody = create_segment("Everybody", {"all": []}, by=by)
    riga = create_segment("Riga", {"field": "city", "is": "Riga"}, by=by)
    veras = create_segment("Veras", {"field": "name", "is": "Vera"}, by=by)
    row = create_campaign("Autumn", by=by, hold_out=0)
    choose_segments(row, [everybody.code, riga.code, veras.code], by=by)
    write_content(row, by=by, subject="For all", body="All")
    write_content(row, by=by, subject="For Riga", body="Riga", letter=number_of("Riga"))
    write_content(row, by=by, subject="For Veras", body="Vera", letter=number_of("Veras"))
    return row


def number_of(name: str) -> int:
    return int(CampaignSegment.objects.get(name=name).number)


def subjects() -> list[str]:
    parsed = (message_from_bytes(bytes(row.data), policy=email_policy.default) for row in StoredLetter.objects.all())
    return sorted(str(one["Subject"]) for one in parsed)


def test_first_segment_in_order_gives_its_letter(town: Campaign, by: Actor) -> None:
    assert count_audience(town).letters == {"0": 2, str(number_of("Riga")): 2}
    run = launch_campaign(town, by=by)
    send_due()
    assert subjects() == ["For Riga", "For Riga", "For all", "For all"]
    assert run.counts["letters"] == {"0": 2, str(number_of("Riga")): 2}
    own = f"a{number_of('Riga')}"
    assert sorted(Delivery.objects.values_list("variant", flat=True)) == ["a", "a", own, own]


def test_another_order_gives_the_other_letter(town: Campaign, by: Actor) -> None:
    move_letter(town, number_of("Veras"), by=by, up=True)
    launch_campaign(town, by=by)
    letters = dict(Person.objects.values_list("letter").order_by("letter").values_list("letter", "party_id"))
    assert set(letters) == {0, number_of("Riga"), number_of("Veras")}
    with pytest.raises(Conflict):
        move_letter(town, number_of("Veras"), by=by, up=True)
    with pytest.raises(Conflict):
        write_content(town, by=by, subject="Late", body="x", letter=number_of("Everybody"))


def test_letter_of_nobody_is_refused_and_goes_with_its_segment(town: Campaign, by: Actor) -> None:
    with pytest.raises(InvalidInput):
        write_content(town, by=by, subject="x", body="x", letter=77)
    remove_content(town, by=by, arm="a", language="", letter=number_of("Veras"))
    assert Content.objects.filter(letter=number_of("Veras")).count() == 0
    kept = [one.segment.code for one in CampaignSegment.objects.exclude(name="Riga").select_related("segment") if one.segment]
    choose_segments(town, kept, by=by)
    assert list(Content.objects.values_list("letter", flat=True)) == [0]


def test_test_of_two_letters_wants_both_for_a_segment(town: Campaign, by: Actor) -> None:
    Campaign.objects.filter(pk=town.pk).update(test="body")
    town.refresh_from_db()
    write_content(town, by=by, subject="B", body="B", arm="b")
    assert any("Riga" in one.words for one in look_before(town).stops)


def test_result_tells_the_letters_apart(town: Campaign, by: Actor) -> None:
    run = launch_campaign(town, by=by)
    send_due()
    riga = Person.objects.filter(letter=number_of("Riga")).values_list("party_id", flat=True)
    record_entries([EntryDraft(riga[0], "link_followed", run.frozen_at, source=town.source, way="email")], by=by)
    made = measure(town, run)
    told = made.letters[str(number_of("Riga"))]
    assert (told.group.n, told.followed, told.answered) == (2, 1, 1)
    assert made.letters["0"].answered == 0
    assert Result.of(json.loads(json.dumps(made.kept()))).letters == made.letters


def test_workbook_tells_the_letters_apart(town: Campaign, by: Actor, client: Client) -> None:
    launch_campaign(town, by=by)
    book = client.get(f"/c/romashka/campaigns/{town.pk}/result.xlsx").content
    read = CalamineWorkbook.from_filelike(io.BytesIO(book))
    sheets = [read.get_sheet_by_name(name).to_python() for name in read.sheet_names]
    lines = next(sheet for sheet in sheets if sheet[0][0] == "By letter")
    told = {line[0]: line[1:] for line in lines}
    assert told["Letter"] == [
        "n", "Followed a link", "Answered in any way", "Bought within the period", "Income", "income per person",
    ]  # fmt: skip
    assert told["Riga"][:3] == [2, 0, 0]
    assert told["for everybody"][0] == 2


def test_pages_write_order_and_show_letters_of_segments(town: Campaign, by: Actor, client: Client) -> None:
    path = f"/c/romashka/campaigns/{town.pk}/letters/"
    everybody = number_of("Everybody")
    page = client.get(f"{path}?letter={everybody}").content.decode()
    assert "Below stands a copy" in page
    assert 'value="For all"' in page
    given = {"letter": everybody, "arm": "a", "language": "", "subject": "Own", "body": "Own"}
    assert client.post(path, given).status_code == 302
    assert Content.objects.get(letter=everybody).subject == "Own"
    client.post(path, given | {"order": "down"})
    names = list(CampaignSegment.objects.filter(campaign=town).addressed().values_list("name", flat=True))
    assert names == ["Riga", "Everybody", "Veras"]
    dialog = client.get(f"/c/romashka/campaigns/{town.pk}/launch/").content.decode()
    assert "Letter for Riga" in dialog
    launch_campaign(town, by=by)
    people = client.get(f"/c/romashka/campaigns/{town.pk}/people/").content.decode()
    assert ">Riga</td>" in people
    result = client.get(f"/c/romashka/campaigns/{town.pk}/").content.decode()
    assert "By letter" in result
    assert Run.objects.count() == 1


def test_api_names_the_segment(town: Campaign, by: Actor, cast: Cast, client: Client) -> None:
    _key, secret = make_key("machine", by=by, scopes=["*"], user=cast.owner)
    heads = {"authorization": f"Bearer {secret}"}
    path = f"/api/v1/campaigns/{town.pk}/letters"
    codes = {one["segment"] for one in client.get(path, headers=heads).json()}
    assert {"", "riga", "veras"} == codes
    given = json.dumps({"subject": "x", "body": "x", "segment": "riga"})
    answer = client.put(path, given, content_type="application/json", headers=heads)
    assert (answer.status_code, answer.json()["segment"]) == (200, "riga")
    wrong = json.dumps({"subject": "x", "segment": "nobody"})
    assert client.put(path, wrong, content_type="application/json", headers=heads).status_code == 422
