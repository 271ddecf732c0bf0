"""A mailing: planned in one statement, a first part, pause and stop, letters made by the room above, touches on the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import dkim
import pytest
from django.db import transaction
from django.utils import timezone

from dialogue.customers.channels.actions import leave_unknown, send_again
from dialogue.customers.channels.ledger import waiting_letters
from dialogue.customers.channels.mailings import (
    canary_size,
    cancel_mailing,
    mailing_counts,
    open_mailing,
    pause_mailing,
    plan_deliveries,
    resume_mailing,
    start_mailing,
)
from dialogue.customers.channels.makers import Draft, delivery_gates, letter_makers
from dialogue.customers.channels.models import Bundle, Delivery, Hit, Mailing, MailingState, State, Suppression
from dialogue.customers.channels.returns import note_complaint
from dialogue.customers.channels.sending import send_due
from dialogue.customers.channels.tests.stage import CHROME, second_origin, verified_sender, wrote
from dialogue.customers.channels.tokens import Token, TokenKind, write_token
from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.merging import merge_parties
from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import system_actor
from dialogue.kit.errors import Conflict, NotPermitted
from dialogue.kit.scope import tenant_scope
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.tests.sink import Sink, sink
from tests.cast import Cast, a_person, make_cast

TEXT = "Здравствуйте, {{first_name|друг}}. {% if city %}Ваш город {{city}}.{% endif %}\n\n[Каталог](https://shop.example.org/?c={{city|no}})"
SOURCE = "SELECT party_id, value, now(), 'a' FROM parties_contactpoint WHERE tenant_id = %s AND kind = 'email'"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def kept() -> Iterator[Sink]:
    with sink() as server:
        yield server


@pytest.fixture
def maker() -> Iterator[dict[str, str]]:
    said = {"text": TEXT, "subject": "Письмо для {{first_name|друга}}"}

    def make(rows: Sequence[Delivery]) -> dict[int, Draft]:
        names = dict(Party.objects.filter(pk__in=[row.party_id for row in rows]).values_list("pk", "first_name"))
        return {
            row.pk: Draft(
                said["subject"], said["text"], {"first_name": names[row.party_id], "city": "Рязань"}, "ru", said["text"]
            )
            for row in rows
            if row.party_id in names
        }

    with letter_makers.temporarily("test", make):
        yield said


def people(cast: Cast, number: int) -> list[int]:
    with tenant_scope(cast.company.pk), transaction.atomic():
        drafts = [NewParty(first_name=f"Имя{at}", contacts=[Contact("email", f"p{at}@example.org")]) for at in range(number)]
        return list(create_parties(drafts, by=system_actor(cast.company.pk)))


def planned(cast: Cast, kept: Sink, number: int, **fields: object) -> Mailing:
    verified_sender(cast, kept.port)
    people(cast, number)
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk), transaction.atomic():
        source = Source.objects.create(name="Осень", fold="осень").pk
        mailing = open_mailing(
            "test",
            1,
            title="Осень",
            source=source,
            identity=SenderIdentity.objects.get(),
            purpose="service",
            by=owner,
            **fields,
        )
        assert plan_deliveries(mailing, (SOURCE, [cast.company.pk]), by=owner) == number
        assert plan_deliveries(mailing, (SOURCE, [cast.company.pk]), by=owner) == 0
        mailing.refresh_from_db()
        return mailing


def opened(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)  # type: ignore[return-value]


def test_mailing_reaches_everybody_once_with_touches_on_the_timeline(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 230, canary=0)
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=cast.actor(cast.owner))
        assert send_due() == {"accepted": 230}
        assert mailing_counts(mailing) == {"accepted": 230}
        mailing.refresh_from_db()
        assert mailing.state == MailingState.DONE
        touches = Entry.objects.filter(source=mailing.source, side="out", kind="letter")
        assert touches.count() == 230
        assert set(touches.values_list("pk", flat=True)) == set(Delivery.objects.values_list("touch", flat=True))
        assert send_due() == {}
        identity = SenderIdentity.objects.get()
        record = identity.record_text.encode()
    assert len({address for address, _data in kept.letters}) == 230
    letter = opened(kept.letters[0][1])
    assert str(letter["Subject"]).startswith("Письмо для Имя")
    plain = letter.get_body(("plain",))
    html = letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Ваш город Рязань." in plain.get_content()
    assert "{" not in plain.get_content()
    assert "/l/" in html.get_content()
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for _address, data in kept.letters[:3]:
        assert dkim.verify(data, dnsfunc=lambda *_args, **_kw: record)


@pytest.mark.parametrize(
    "text",
    [
        "Два  пробела и {{first_name|a  b}} здесь {% if city %} в городе {% endif %} конец. \n\n. точка\nFrom the start\t\tend",
        "Two  spaces and {{first_name|a  b}} {% if city == 'x' %}one {% else %} other  {% endif %} end \n\n. dot\nFrom here \t end ",
        "{{first_name}}  {{city}} \n{{city|a \t b}}\n\n" + "A long line of plain words that must be broken somewhere. " * 9,
    ],
)
def test_letters_are_signed_whatever_spaces_stand_in_them(cast: Cast, kept: Sink, text: str) -> None:
    def make(rows: Sequence[Delivery]) -> dict[int, Draft]:
        values = ({"first_name": "Anna  Maria ", "city": " Iași\t1"}, {"first_name": " x", "city": "Cluj"})
        return {row.pk: Draft("Hello", text, values[row.pk % 2], "en", text) for row in rows}

    mailing = planned(cast, kept, 4, canary=0)
    with tenant_scope(cast.company.pk), letter_makers.temporarily("test", make):
        start_mailing(mailing, by=cast.actor(cast.owner))
        assert send_due() == {"accepted": 4}
        record = SenderIdentity.objects.get().record_text.encode()
    for _address, data in kept.letters:
        assert dkim.verify(data, dnsfunc=lambda *_args, **_kw: record)
        assert max(map(len, data.split(b"\r\n"))) <= 998


def test_first_part_goes_alone_and_the_rest_follows_when_it_was_well_received(
    cast: Cast, kept: Sink, maker: dict[str, str]
) -> None:
    mailing = planned(cast, kept, 100, canary_minutes=0)
    assert mailing.canary_letters == 20
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=cast.actor(cast.owner))
        Mailing.objects.update(canary_minutes=60)
        assert send_due() == {"accepted": 20}
        mailing.refresh_from_db()
        assert mailing.state == MailingState.CANARY
        assert mailing.canary_until is not None
        Mailing.objects.update(canary_until=timezone.now() - timedelta(seconds=1))
        assert send_due() == {"accepted": 80}
        mailing.refresh_from_db()
        assert mailing.state == MailingState.DONE


def test_badly_received_first_part_pauses_the_rest_until_a_person_decides(
    cast: Cast, kept: Sink, maker: dict[str, str]
) -> None:
    mailing = planned(cast, kept, 100, canary_minutes=0)
    kept.answers = {f"p{at}@example.org": b"550 5.7.1 blocked\r\n" for at in range(5)}
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=cast.actor(cast.owner))
        assert send_due() == {"accepted": 15, "refused": 5}
        mailing.refresh_from_db()
        assert (mailing.state, mailing.paused_why) == (MailingState.PAUSED, "canary-refused")
        assert "5" in mailing.paused_words
        resume_mailing(mailing, by=cast.actor(cast.owner))
        assert send_due() == {"accepted": 80}


@pytest.mark.parametrize(("complaints", "state"), [(1, MailingState.DONE), (2, MailingState.PAUSED)])
def test_first_part_that_receivers_complain_about_pauses_the_rest(
    cast: Cast, kept: Sink, maker: dict[str, str], complaints: int, state: str
) -> None:
    mailing = planned(cast, kept, 100, canary_minutes=60)
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=owner)
        assert send_due() == {"accepted": 20}
        for row in Delivery.objects.filter(mailing=mailing, state=State.ACCEPTED)[:complaints]:
            note_complaint(row, by=owner)
        Mailing.objects.update(canary_until=timezone.now() - timedelta(seconds=1))
        gone = send_due()
        mailing.refresh_from_db()
        assert mailing.state == state
        if state == MailingState.PAUSED:
            assert (gone, mailing.paused_why) == ({}, "canary-complaints")
            assert mailing.paused_words.startswith("2")
            resume_mailing(mailing, by=owner)
            assert send_due() == {"accepted": 80}
    assert len(kept.letters) == 100


def test_paused_mailing_waits_and_a_new_text_serves_the_rest(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 60, canary_minutes=0)
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=owner)
        Mailing.objects.update(canary_minutes=60)
        send_due()
        pause_mailing(mailing, by=owner)
        assert send_due() == {}
        maker["text"] = "Другой текст"
        Mailing.objects.update(canary_passed=True)
        resume_mailing(mailing, by=owner)
        assert send_due() == {"accepted": 40}
    texts = [opened(data).get_body(("plain",)).get_content() for _address, data in kept.letters]  # type: ignore[union-attr]
    assert sum("Другой текст" in text for text in texts) == 40


def test_stopped_mailing_sends_nothing_more(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 30, canary=0)
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        with pytest.raises(NotPermitted):
            start_mailing(mailing, by=cast.actor(cast.seller))
        start_mailing(mailing, by=owner)
        cancel_mailing(mailing, by=owner)
        assert send_due() == {}
        assert mailing_counts(mailing) == {"cancelled": 30}
        with pytest.raises(Conflict):
            start_mailing(mailing, by=owner)
    assert kept.letters == []


def test_own_letter_does_not_wait_behind_a_mailing(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 300, canary=0)
    ivan = a_person(cast, "Иван Дуликов", email="Dulikov@avtoprom.example.org")
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=cast.actor(cast.owner))
    wrote(cast, ivan)
    with tenant_scope(cast.company.pk):
        send_due()
    assert kept.letters[0][0] == "Dulikov@avtoprom.example.org"


def test_gates_hold_letters_back_and_put_them_off(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 30, canary=0)
    later = timezone.now() + timedelta(hours=2)

    def gate(rows: Sequence[Delivery]) -> dict[int, str | datetime]:
        return {row.pk: "cap" if row.address == "p1@example.org" else later for row in rows if row.address < "p2"}

    with tenant_scope(cast.company.pk), delivery_gates.temporarily("test", gate):
        start_mailing(mailing, by=cast.actor(cast.owner))
        counts = send_due()
        held = sum(f"p{number}@example.org" < "p2" for number in range(30))
        assert mailing_counts(mailing) == {"accepted": 30 - held, "cancelled": 1, "planned": held - 1}
        assert counts == {"accepted": 30 - held, "cancelled": 1}
        assert Delivery.objects.get(address="p1@example.org").reason == "cap"
        assert {row.due_at for row in waiting_letters(mailing)} == {later}


def test_unknown_letters_wait_for_a_person(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 25, canary=0)
    kept.hang_up = {"p3@example.org", "p4@example.org"}
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=owner)
        assert send_due() == {"accepted": 23, "unknown": 2}
        assert send_due() == {}
        kept.hang_up = set()
        again, leave = Delivery.objects.filter(state=State.UNKNOWN)
        send_again(again, by=owner)
        leave_unknown(leave, by=owner)
        assert send_due() == {"accepted": 1}
        assert mailing_counts(mailing) == {"accepted": 25}
        assert Entry.objects.filter(source=mailing.source, side="out").count() == 25


def test_letter_has_a_row_of_its_own_only_when_its_outcome_is_known(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 250, canary=0)
    kept.answers = {"p7@example.org": b"550 5.1.1 nobody here\r\n", "p8@example.org": b"450 4.2.2 full\r\n"}
    with tenant_scope(cast.company.pk):
        assert Delivery.objects.count() == 0
        waiting = {row.party_id: row.pk for row in waiting_letters(mailing)}
        assert len(waiting) == len(set(waiting.values())) == 250
        assert mailing_counts(mailing) == {"planned": 250}
        start_mailing(mailing, by=cast.actor(cast.owner))
        send_due()
        assert mailing_counts(mailing) == {"accepted": 248, "refused": 1, "deferred": 1}
        assert waiting_letters(mailing) == []
        assert dict(Delivery.objects.values_list("party_id", "pk")) == waiting
        assert not Delivery.objects.filter(state="accepted", touch=None).exists()


def test_letters_of_a_silent_worker_become_unknown_once(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 250, canary=0)
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=cast.actor(cast.owner))
        one = Bundle.objects.order_by("pk")[0]
        Bundle.objects.filter(pk=one.pk).update(state="handed", lease_until=timezone.now() - timedelta(seconds=1))
        assert send_due() == {"accepted": 150}
        assert mailing_counts(mailing) == {"unknown": 100, "accepted": 150}
        lost = Delivery.objects.filter(state=State.UNKNOWN)
        assert set(lost.values_list("pk", flat=True)) == set(one.letters)
        assert set(lost.values_list("reason", flat=True)) == {"worker-lost"}
        assert send_due() == {}


def test_receiver_may_follow_and_leave_before_the_server_has_answered(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 3, canary=0)
    with tenant_scope(cast.company.pk):
        Bundle.objects.update(state="handed", lease_until=timezone.now() + timedelta(minutes=1))
        letter = waiting_letters(mailing)[0]
    link = write_token(Token(TokenKind.LINK, cast.company.pk, letter.pk, "https://shop.example.org/"))
    leave = write_token(Token(TokenKind.UNSUBSCRIBE, cast.company.pk, letter.pk))
    with second_origin() as client:
        assert client.get(f"/l/{link}", **CHROME).status_code == 302
        assert letter.address in client.get(f"/u/{leave}").content.decode()
        assert client.post(f"/u/{leave}").status_code == 200
    with tenant_scope(cast.company.pk):
        assert Hit.objects.get().delivery == letter.pk
        said = Entry.objects.filter(party=letter.party_id, side="in")
        assert dict(said.values_list("kind", "source"))["link_followed"] == mailing.source
        assert said.filter(kind="unsubscribed").count() == 1
        assert Suppression.objects.exists()


def test_receivers_merged_or_gone_before_their_letter_get_none_twice(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:
    mailing = planned(cast, kept, 30, canary=0)
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        one, two, three, gone = Party.objects.order_by("pk")[:4]
        stays = a_person(cast, "Иван Дуликов", email="ivan@example.org")
        merge_parties(stays, one, by=owner)
        merge_parties(two, three, by=owner)
        with transaction.atomic():
            Party.with_bin.filter(pk=gone.pk).delete()
        start_mailing(mailing, by=owner)
        send_due()
        sent = set(Delivery.objects.filter(state="accepted").values_list("party_id", flat=True))
        assert stays.pk in sent
        assert two.pk in sent
        assert not {one.pk, gone.pk} & sent
        assert len({address for address, _data in kept.letters}) == len(kept.letters) <= 29


def test_first_part_has_at_least_twenty_letters_or_is_none() -> None:
    assert [canary_size(number, 1) for number in (10, 40, 41, 2000, 5001)] == [0, 0, 20, 20, 51]
    assert canary_size(5000, 0) == 0
