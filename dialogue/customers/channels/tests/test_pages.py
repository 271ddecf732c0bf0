"""Writing from the card and the settings of letters, through the doors."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from dialogue.customers.channels.models import Delivery, LetterTemplate, State, Suppression
from dialogue.customers.channels.tests.stage import CHROME, LINK, path_of, second_origin, verified_sender, worked
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.models import User
from dialogue.platform.mail.local import opened
from dialogue.platform.mail.models import MailServer, SenderIdentity, ServiceLetter, StoredLetter
from dialogue.platform.mail.tests.post_office import post_office
from tests.cast import Cast, a_person, make_cast

BASE = "/c/romashka"
HX = {"HX-Request": "true"}
PUBLISHED: list[str] = []


def published(name: str) -> list[str]:
    return PUBLISHED


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def ivan(cast: Cast) -> Party:
    return a_person(cast, "Иван Дуликов", email="dulikov@avtoprom.example.org", first_name="Иван")


def signed_in(user: User) -> Client:
    user.language = "en"
    user.save()
    client = Client()
    client.force_login(user)
    return client


def test_letter_is_written_delivered_followed_and_answered_through_pages(cast: Cast, ivan: Party) -> None:
    seller = signed_in(cast.seller)
    with post_office() as office:
        verified_sender(cast, office.port)
        address = f"{BASE}/contacts/{ivan.pk}/write/"
        form = seller.get(address, headers=HX).content.decode()
        once = re.search(r'name="once" value="([^"]+)"', form)
        assert once
        given = {
            "once": once[1],
            "purpose": "service",
            "subject": "Расценки",
            "text": "Здравствуйте, {{first_name}}! Вот они: https://romashka.example.org/prices",
        }
        preview = seller.post(f"{address}preview/", given, headers=HX).content.decode()
        assert "Здравствуйте, Иван!" in preview
        assert not office.letters
        for _twice in range(2):
            done = seller.post(address, given, headers=HX)
            assert done.status_code == 204
            assert "dialogue:changed" in done["HX-Trigger"]
        shown = seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
        assert "Расценки" in shown
        worked(cast)
        assert len(office.letters) == 1
        text = office.letters[0].data
    shown = seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    assert "chip good" in shown
    link = LINK.search(opened(text).text)
    assert link
    with second_origin() as browser:
        assert browser.get(path_of(link[0]), **CHROME)["Location"] == "https://romashka.example.org/prices"
    shown = seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    assert shown.index("Расценки") < shown.index("followed a link")
    with tenant_scope(cast.company.pk):
        touch = Entry.objects.get(kind="letter")
    seller.post(f"{BASE}/entries/{touch.pk}/answer/", {"kind": "reply", "body": "Спасибо, берём"}, headers=HX)
    assert "Спасибо, берём" in seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    assert "Спасибо, берём" in seller.get(f"{BASE}/events/?f.side=in").content.decode()


def test_refused_letter_keeps_what_was_written(cast: Cast, ivan: Party) -> None:
    seller = signed_in(cast.seller)
    address = f"{BASE}/contacts/{ivan.pk}/write/"
    refused = seller.post(address, {"subject": "", "text": "Здравствуйте, {{nick}}", "purpose": "service"}, headers=HX)
    assert refused.status_code == 422
    assert "Здравствуйте, {{nick}}" in refused.content.decode()
    offer = seller.post(address, {"subject": "a", "text": "b", "purpose": "marketing"}, headers=HX)
    assert "you must have his consent" in offer.content.decode()
    assert signed_in(cast.stranger).get(address).status_code == 404


def test_stopped_address_is_said_before_a_word_is_written(cast: Cast, ivan: Party) -> None:
    owner = signed_in(cast.owner)
    assert owner.post(f"{BASE}/settings/stop-list/", {"address": "dulikov@AVTOPROM.example.org"}).status_code == 302
    page = owner.get(f"{BASE}/settings/stop-list/").content.decode()
    assert "avtoprom.example.org" in page
    assert "dulikov" not in page.lower().replace("romashka", "")
    assert "We do not write to this address" in owner.get(f"{BASE}/contacts/{ivan.pk}/write/", headers=HX).content.decode()
    with tenant_scope(cast.company.pk):
        row = Suppression.objects.get()
    assert owner.post(f"{BASE}/settings/stop-list/", {"lift": row.pk, "evidence": ""}).status_code == 422
    assert owner.post(f"{BASE}/settings/stop-list/", {"lift": row.pk, "evidence": "попросил"}).status_code == 302
    assert owner.post(f"{BASE}/settings/stop-list/", {"address": "nonsense"}).status_code == 422


def test_letter_of_unknown_outcome_is_decided_on_the_card(cast: Cast, ivan: Party) -> None:
    seller = signed_in(cast.seller)
    seller.post(f"{BASE}/contacts/{ivan.pk}/write/", {"subject": "a", "text": "b", "purpose": "service"}, headers=HX)
    with tenant_scope(cast.company.pk):
        letter = Delivery.objects.get()
        Delivery.objects.update(state=State.UNKNOWN, reason="worker-lost")
    assert "Send again" in seller.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    assert seller.post(f"{BASE}/letters/{letter.pk}/leave/", headers=HX).status_code == 200
    assert seller.post(f"{BASE}/letters/{letter.pk}/again/", headers=HX).status_code == 409
    assert seller.post(f"{BASE}/letters/{letter.pk}/burn/", headers=HX).status_code == 404
    assert signed_in(cast.stranger).post(f"/c/other/letters/{letter.pk}/leave/").status_code == 404


def test_server_sender_and_notes_are_set_on_pages(cast: Cast, settings: object) -> None:
    settings.TXT_LOOKUP = f"{__name__}.published"  # type: ignore[attr-defined]
    owner = signed_in(cast.owner)
    server = {"what": "server", "host": "smtp.example.org", "port": "587", "security": "starttls", "user": "u", "password": "s"}
    assert owner.post(f"{BASE}/settings/letters/", server).status_code == 302
    assert owner.post(f"{BASE}/settings/letters/", server | {"port": "x"}).status_code == 422
    assert owner.post(f"{BASE}/settings/letters/", {"what": "notes", "mail_follow_opens": "on"}).status_code == 302
    page = owner.get(f"{BASE}/settings/letters/").content.decode()
    assert "Letters go through smtp.example.org:587" in page
    assert (
        owner.post(f"{BASE}/settings/senders/", {"email": "sales@romashka.example.org", "name": "Ромашка"}).status_code == 302
    )
    assert owner.post(f"{BASE}/settings/senders/", {"email": "sales@"}).status_code == 422
    with tenant_scope(cast.company.pk):
        row = SenderIdentity.objects.get()
        assert MailServer.objects.get().address().password == "s"
    page = owner.get(f"{BASE}/settings/senders/").content.decode()
    assert row.record_name in page
    assert "not verified" in page
    PUBLISHED[:] = [row.record_text]
    assert owner.post(f"{BASE}/settings/senders/{row.pk}/check/").status_code == 302
    assert "not verified" not in owner.get(f"{BASE}/settings/senders/").content.decode()
    assert owner.post(f"{BASE}/settings/senders/{row.pk}/remove/").status_code == 302
    assert owner.post(f"{BASE}/settings/letters/", {"what": "remove"}).status_code == 302
    for page in ("letters", "senders", "prepared-letters", "stop-list"):
        assert signed_in(cast.seller).get(f"{BASE}/settings/{page}/").status_code == 403, page


def test_prepared_letter_fills_the_dialog(cast: Cast, ivan: Party) -> None:
    owner = signed_in(cast.owner)
    page = f"{BASE}/settings/prepared-letters/"
    assert owner.post(page, {"name": "Привет", "subject": "{{nobody}}", "text": "x"}).status_code == 422
    assert owner.post(page, {"name": "Привет", "subject": "Привет", "text": "{{first_name}}, добрый день"}).status_code == 302
    with tenant_scope(cast.company.pk):
        row = LetterTemplate.objects.get()
    shown = owner.get(f"{BASE}/contacts/{ivan.pk}/write/?template={row.pk}", headers=HX).content.decode()
    assert "{{first_name}}, добрый день" in shown
    assert owner.post(f"{page}{row.pk}/", {"name": "Привет", "subject": "Другая", "text": "y"}).status_code == 302
    assert owner.post(f"{page}{row.pk}/", {"remove": "1"}).status_code == 302
    with tenant_scope(cast.company.pk):
        assert not LetterTemplate.objects.exists()


def test_local_mailbox_shows_letters_and_sign_in_letters_to_the_operator_only(cast: Cast, ivan: Party) -> None:
    owner = signed_in(cast.owner)
    owner.post(
        f"{BASE}/contacts/{ivan.pk}/write/", {"subject": "Тема", "text": "Текст письма", "purpose": "service"}, headers=HX
    )
    worked(cast)
    with tenant_scope(cast.company.pk):
        letter = StoredLetter.objects.get()
    assert "Тема" in owner.get(f"{BASE}/mailbox/").content.decode()
    assert "Текст письма" in owner.get(f"{BASE}/mailbox/{letter.pk}/").content.decode()
    assert signed_in(cast.stranger).get(f"/c/other/mailbox/{letter.pk}/").status_code == 404
    assert signed_in(cast.seller).get(f"{BASE}/mailbox/").status_code == 403
    service = ServiceLetter.objects.create(recipient="anna@example.org", subject="Вход", data=bytes(letter.data))
    cast.owner.is_operator = False
    cast.owner.save()
    for page in ("mailbox/sign-in/", f"mailbox/sign-in/{service.pk}/"):
        assert owner.get(f"{BASE}/{page}").status_code == 404
    cast.owner.is_operator = True
    cast.owner.save()
    assert "Вход" in owner.get(f"{BASE}/mailbox/sign-in/").content.decode()
    assert owner.get(f"{BASE}/mailbox/sign-in/{service.pk}/").status_code == 200
