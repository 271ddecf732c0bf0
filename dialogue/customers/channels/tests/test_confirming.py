"""A sender's address is confirmed by a code letter: sent through the real server, entered back, then letters leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.errors import NoSender
from dialogue.customers.channels.tests.stage import worked, wrote
from dialogue.kit.errors import Conflict, NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.mail.actions import add_sender_identity, send_sender_code, set_mail_server, try_sender_code
from dialogue.platform.mail.models import SenderIdentity, StoredLetter
from dialogue.platform.mail.tests.post_office import PostOffice, post_office
from tests.api.conftest import caller_of
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db
SENDERS = "/c/romashka/settings/senders/"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as made:
        yield made


def sender(cast: Cast, office: PostOffice | None = None) -> SenderIdentity:
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        if office is not None:
            set_mail_server(host="127.0.0.1", port=office.port, security="none", by=owner)
        return add_sender_identity(email="sales@gmail.example", name="Ромашка", by=owner)


def code_in(office: PostOffice) -> str:
    letter = message_from_bytes(office.letters[-1].data, policy=policy.default)
    found = re.search(r"\b(\d{6})\b", letter.get_content())
    assert found
    assert found[1] in letter["Subject"]
    return found[1]


def now(row: SenderIdentity) -> SenderIdentity:
    return SenderIdentity._base_manager.get(pk=row.pk)


def test_code_confirms_the_address_and_letters_leave(cast: Cast, office: PostOffice) -> None:
    row = sender(cast, office)
    ivan = a_person(cast, "Иван Дуликов", email="ivan@example.org")
    with pytest.raises(NoSender, match="confirm the address"):
        wrote(cast, ivan)
    client = Client()
    client.force_login(cast.owner)
    page = client.get(SENDERS).content.decode()
    assert f"{SENDERS}{row.pk}/code/" in page
    assert "one-time-code" not in page
    client.post(f"{SENDERS}{row.pk}/code/")
    assert office.letters[-1].recipients == ["sales@gmail.example"]
    code = code_in(office)
    assert "one-time-code" in client.get(SENDERS).content.decode()
    wrong = "000000" if code != "000000" else "111111"
    client.post(f"{SENDERS}{row.pk}/confirm/", {"code": wrong})
    with tenant_scope(cast.company.pk):
        assert (now(row).confirmed_at, now(row).code_tries) == (None, 1)
        assert code not in now(row).code_digest
    client.post(f"{SENDERS}{row.pk}/confirm/", {"code": f" {code[:3]} {code[3:]} "})
    with tenant_scope(cast.company.pk):
        assert now(row).is_proven
        assert now(row).verified_at is None
    wrote(cast, ivan)
    worked(cast)
    assert office.letters[-1].recipients == ["ivan@example.org"]


def test_code_is_worth_nothing_after_five_tries_or_half_an_hour(cast: Cast, office: PostOffice) -> None:
    row, owner = sender(cast, office), cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        send_sender_code(row, by=owner)
        code = code_in(office)
        with pytest.raises(Conflict):
            send_sender_code(row, by=owner)
        for _try in range(5):
            try_sender_code(row, "abc", by=owner)
        assert try_sender_code(row, code, by=owner).confirmed_at is None
        SenderIdentity.objects.update(code_sent_at=timezone.now() - timedelta(minutes=2))
        send_sender_code(row, by=owner)
        late = code_in(office)
        SenderIdentity.objects.update(code_sent_at=timezone.now() - timedelta(minutes=31))
        assert try_sender_code(row, late, by=owner).confirmed_at is None
        send_sender_code(row, by=owner)
        assert try_sender_code(row, code_in(office), by=owner).confirmed_at
        with pytest.raises(Conflict):
            send_sender_code(row, by=owner)
        with pytest.raises(NotPermitted):
            try_sender_code(row, "1", by=cast.actor(cast.seller))


def test_code_that_stays_here_proves_nothing(cast: Cast, office: PostOffice) -> None:
    row, owner = sender(cast), cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        with pytest.raises(Refusal, match="mail server"):
            send_sender_code(row, by=owner)
        assert not StoredLetter.objects.exists()
        set_mail_server(host="127.0.0.1", port=office.port, security="none", by=owner)
        office.rcpt["sales@gmail.example"] = "550 no such box"
        with pytest.raises(Refusal, match="550"):
            send_sender_code(row, by=owner)
        assert now(row).code_sent_at is None


def test_api_sends_and_takes_the_code(cast: Cast, office: PostOffice) -> None:
    row = sender(cast, office)
    api = caller_of(cast.company, cast.owner, cast.owner)
    [listed] = api.get("/senders").json()
    assert (listed["email"], listed["confirmed_at"], listed["code_waits"]) == ("sales@gmail.example", None, False)
    assert api.post(f"/senders/{row.pk}/code").json()["code_waits"] is True
    assert api.post(f"/senders/{row.pk}/code").status_code == 409
    assert api.post(f"/senders/{row.pk}/confirm", {"code": "x"}).json()["confirmed_at"] is None
    assert api.post(f"/senders/{row.pk}/confirm", {"code": code_in(office)}).json()["confirmed_at"]
    seller = caller_of(cast.company, cast.seller, cast.owner)
    assert seller.post(f"/senders/{row.pk}/code").status_code == 403
    assert caller_of(cast.other_company, cast.stranger, cast.stranger).post(f"/senders/{row.pk}/code").status_code == 404
