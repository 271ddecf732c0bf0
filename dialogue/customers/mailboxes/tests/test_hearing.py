"""What comes back by mail: from a real IMAP server to the card, the stop list and a colleague's tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.actions import change_letter_settings
from dialogue.customers.channels.mailings import open_mailing
from dialogue.customers.channels.models import Bundle, Delivery, State, Suppression
from dialogue.customers.channels.tests.stage import verified_sender, worked, wrote
from dialogue.customers.mailboxes.actions import MailboxDraft, save_mailbox
from dialogue.customers.mailboxes.effects import take
from dialogue.customers.mailboxes.hearing import read_mailbox
from dialogue.customers.mailboxes.models import Incoming, Mailbox
from dialogue.customers.mailboxes.schedules import ask_for_reading
from dialogue.customers.mailboxes.tests.dovecot import PASSWORD, Dovecot, dovecot
from dialogue.customers.mailboxes.tests.letters import complained, reply, returned
from dialogue.customers.parties.models import Consent, ContactPoint, Party
from dialogue.customers.sources.actions import create_source
from dialogue.customers.tasks.models import Task
from dialogue.customers.timeline.models import Entry, answers_to
from dialogue.kit.scope import tenant_scope
from dialogue.platform.mail.actions import change_sender_identity
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.tests.post_office import PostOffice, post_office
from tests.cast import Cast, a_person, make_cast

BASE = "/c/romashka"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def imap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    with dovecot() as running:
        monkeypatch.setenv("SSL_CERT_FILE", running.authority)
        yield running


@pytest.fixture
def ivan(cast: Cast) -> Party:
    return a_person(cast, "Иван Дуликов", email="Dulikov@avtoprom.example.org", responsible=cast.seller.pk)


@pytest.fixture
def owner(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.owner)
    return client


def a_mailbox(cast: Cast, imap: Dovecot, **fields: object) -> Mailbox:
    draft = {"host": "127.0.0.1", "port": imap.tls, "user": "sales", "password": PASSWORD, "days": 7} | fields
    with tenant_scope(cast.company.pk):
        return save_mailbox(MailboxDraft(**draft), by=cast.actor(cast.owner))


def read(cast: Cast, mailbox: Mailbox) -> dict[str, int]:
    with tenant_scope(cast.company.pk):
        return read_mailbox(mailbox.pk)


def sent(cast: Cast, office: PostOffice, party: Party, **fields: object) -> tuple[Delivery, bytes]:
    """Write a letter, hand it to the server, and return its delivery with the bytes that left."""
    with tenant_scope(cast.company.pk), transaction.atomic():
        known = SenderIdentity.objects.exists()
    if not known:
        verified_sender(cast, office.port)
    delivery = wrote(cast, party, **fields)
    worked(cast)
    return delivery, office.letters[-1].data


def under(cast: Cast, delivery: Delivery) -> list[Entry]:
    with tenant_scope(cast.company.pk):
        return answers_to([delivery.touch]).get(delivery.touch, [])


def test_mailbox_is_set_tested_and_read_from_its_page(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party, owner: Client
) -> None:
    form = {"host": "127.0.0.1", "port": imap.tls, "security": "tls", "user": "sales", "password": PASSWORD}
    form |= {"folder": "INBOX", "is_on": "on", "days": "7"}
    for wrong in (
        {"host": "no server"},
        {"port": "0"},
        {"user": ""},
        {"password": ""},
        {"days": "9999"},
        {"responsible": "999999"},
    ):
        assert owner.post(f"{BASE}/settings/mailboxes/", form | wrong).status_code == 422
    assert owner.post(f"{BASE}/settings/mailboxes/", form).status_code == 302
    again = owner.post(f"{BASE}/settings/mailboxes/", form)
    assert again.status_code == 422
    with tenant_scope(cast.company.pk):
        mailbox = Mailbox.objects.get()
    assert PASSWORD not in mailbox.password_sealed
    assert PASSWORD not in owner.get(f"{BASE}/settings/mailboxes/{mailbox.pk}/").content.decode()
    tested = owner.post(f"{BASE}/settings/mailboxes/{mailbox.pk}/test/", follow=True).content.decode()
    assert "Ящик отвечает" in tested
    _delivery, letter = sent(cast, office, ivan)
    imap.put("sales", reply(letter, "Хорошо, жду.", sender="dulikov@avtoprom.example.org"))
    assert owner.post(f"{BASE}/settings/mailboxes/{mailbox.pk}/read/").status_code == 302
    worked(cast)
    listed = owner.get(f"{BASE}/settings/incoming/").content.decode()
    assert "Иван Дуликов" in listed
    assert "Хорошо, жду." in owner.get(f"{BASE}/contacts/{ivan.pk}/timeline/").content.decode()
    assert owner.post(f"{BASE}/settings/mailboxes/{mailbox.pk}/remove/").status_code == 302
    with tenant_scope(cast.company.pk):
        assert not Mailbox.objects.exists()
        assert Incoming.objects.count() == 1


def test_reply_stands_under_its_letter_and_asks_for_an_answer(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party
) -> None:
    delivery, letter = sent(cast, office, ivan)
    with tenant_scope(cast.company.pk):
        campaign = create_source(name="Весна", by=cast.actor(cast.owner))
        Entry.objects.filter(pk=delivery.touch).update(source=campaign.pk)
    mailbox = a_mailbox(cast, imap)
    imap.put("sales", reply(letter, "Сколько стоит?\n\n--\nИван", sender="Ivan <other@avtoprom.example.org>"))
    assert read(cast, mailbox) == {"reply": 1}
    (answer,) = under(cast, delivery)
    assert (answer.kind, answer.source, answer.facts) == ("reply", campaign.pk, {"from": "other@avtoprom.example.org"})
    assert "Сколько стоит?" in (answer.body or "")
    assert "прежнее письмо" not in (answer.body or "")
    with tenant_scope(cast.company.pk):
        task = Task.objects.get()
        # Who wrote the letter answers.
        assert (task.party_id, task.responsible_id) == (ivan.pk, cast.owner.pk)
    imap.put("sales", reply(letter, "И когда?", sender="dulikov@avtoprom.example.org"))
    assert read(cast, mailbox) == {"reply": 1}
    with tenant_scope(cast.company.pk):
        assert Task.objects.count() == 1


def test_reply_without_a_reference_is_known_by_its_address(cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party) -> None:
    delivery, _letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    imap.put(
        "sales",
        reply(None, "Новый вопрос", sender="DULIKOV@avtoprom.example.org", subject="Совсем другое"),
        reply(None, "Ответ на письмо", sender="dulikov@avtoprom.example.org", subject="Re: Приглашение"),
        reply(None, "Кто это?", sender="stranger@example.net", subject="Re: Приглашение"),
    )
    assert read(cast, mailbox) == {"reply": 2, "other": 1}
    assert [one.body for one in under(cast, delivery)] == ["Ответ на письмо"]
    with tenant_scope(cast.company.pk):
        rows = list(Incoming.objects.order_by("id"))
        assert [(row.found, row.party_id) for row in rows] == [("sender", ivan.pk), ("sender", ivan.pk), ("", None)]
        assert Task.objects.get().responsible_id == cast.seller.pk


@pytest.mark.parametrize("whole", [True, False])
def test_dead_address_is_shut_by_its_report(cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party, whole: bool) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    report = returned(letter, to="Dulikov@avtoprom.example.org", whole=whole)
    imap.put("sales", report, report.replace(b"sorry", b"very sorry"))
    assert read(cast, mailbox) == {"bounce": 2}
    (answer,) = under(cast, delivery)
    assert answer.kind == "returned"
    assert "5.1.1" in answer.subject
    with tenant_scope(cast.company.pk):
        row = Delivery.objects.get(pk=delivery.pk)
        assert (row.state, row.reason) == (State.REFUSED, "dead-address")
        assert Suppression.objects.get().reason == "bounced"
        assert ContactPoint.objects.get(party=ivan).bad_at
        assert not Task.objects.exists()


@contextmanager
def with_the_server(cast: Cast, delivery: Delivery) -> Iterator[None]:
    """Have the letter in a bundle that was handed over and not settled yet, for the length of a block."""
    with tenant_scope(cast.company.pk), transaction.atomic():
        row = Delivery.objects.get(pk=delivery.pk)
        mailing = open_mailing("test", 1, title="Осень", by=cast.actor(cast.owner))
        held = {"letters": [row.pk], "parties": [row.party_id], "addresses": [row.address], "variants": [None]}
        bundle = Bundle.objects.create(mailing=mailing, state="handed", due_at=timezone.now(), size=1, **held)
        Delivery.objects.filter(pk=row.pk).delete()
    yield
    with tenant_scope(cast.company.pk), transaction.atomic():
        row.save(force_insert=True)
        bundle.delete()


def test_report_that_outruns_the_servers_answer_is_read_next_time(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party
) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    imap.put("sales", returned(letter, to="Dulikov@avtoprom.example.org", whole=True))
    with with_the_server(cast, delivery):
        assert read(cast, mailbox) == {}
    assert read(cast, mailbox) == {"bounce": 1}
    with tenant_scope(cast.company.pk):
        assert Delivery.objects.get(pk=delivery.pk).state == State.REFUSED


@pytest.mark.parametrize(
    ("action", "status", "kind", "state", "kinds"),
    [
        ("failed", "5.7.1", "bounce", State.REFUSED, ["returned"]),
        ("failed", "5.2.2", "bounce", State.REFUSED, ["returned"]),
        ("failed", "4.4.7", "bounce", State.REFUSED, ["returned"]),
        ("delayed", "4.4.1", "delay", State.ACCEPTED, []),
        ("delivered", "2.0.0", "automatic", State.ACCEPTED, []),
        ("relayed", "2.0.0", "automatic", State.ACCEPTED, []),
    ],
)
def test_other_reports_say_nothing_about_the_address(
    cast: Cast,
    imap: Dovecot,
    office: PostOffice,
    ivan: Party,
    action: str,
    status: str,
    kind: str,
    state: str,
    kinds: list[str],
) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    imap.put("sales", returned(letter, to="dulikov@avtoprom.example.org", action=action, status=status))
    assert read(cast, mailbox) == {kind: 1}
    assert [one.kind for one in under(cast, delivery)] == kinds
    with tenant_scope(cast.company.pk):
        assert Delivery.objects.get(pk=delivery.pk).state == state
        assert not Suppression.objects.exists()
        assert ContactPoint.objects.get(party=ivan).bad_at is None


def test_marked_return_address_finds_the_letter_when_nothing_else_came_back(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party
) -> None:
    sender = verified_sender(cast, office.port)
    with tenant_scope(cast.company.pk):
        change_sender_identity(sender, return_path="back@romashka.example.org", by=cast.actor(cast.owner))
        change_letter_settings(mail_mark_returns=True, by=cast.actor(cast.owner))
    delivery, _letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap, user="back")
    marked = office.letters[-1].envelope_from
    imap.put("back", returned(b"Subject: x\n\n", to="dulikov@avtoprom.example.org", at=marked))
    assert read(cast, mailbox) == {"bounce": 1}
    assert [one.kind for one in under(cast, delivery)] == ["returned"]


def test_invented_report_shuts_nobody(cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    bare = b"\r\n".join(line for line in letter.split(b"\r\n") if not line.startswith(b"Message-ID"))
    other = letter.replace(f".{delivery.pk:x}.".encode(), f".{delivery.pk + 1:x}.".encode())
    imap.put("sales", *(returned(one, to="dulikov@avtoprom.example.org") for one in (bare, other)))
    assert read(cast, mailbox) == {"bounce": 2}
    assert under(cast, delivery) == []
    with tenant_scope(cast.company.pk):
        assert not Suppression.objects.exists()
        assert {row.delivery for row in Incoming.objects.all()} == {None}


def test_complaint_ends_offers_and_not_spam_does_not(cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    imap.put("sales", complained(letter, kind="not-spam"))
    assert read(cast, mailbox) == {"other": 1}
    assert under(cast, delivery) == []
    imap.put("sales", complained(letter), complained(letter).replace(b"Earn", b"Earning"))
    assert read(cast, mailbox) == {"complaint": 2}
    assert [one.kind for one in under(cast, delivery)] == ["marked_spam"]
    with tenant_scope(cast.company.pk):
        assert {(row.reason, row.purpose) for row in Suppression.objects.all()} == {
            ("complaint", "marketing"),
            ("complaint", "service"),
        }
        assert Consent.objects.filter(party=ivan, state="withdrawn").count() == 2
        assert Delivery.objects.get(pk=delivery.pk).state == State.ACCEPTED


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; type=vacation"},
        {"X_Autoreply": "yes"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
    ],
)
def test_automatic_answer_is_no_answer(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party, headers: dict[str, str]
) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    imap.put("sales", reply(letter, "Я в отпуске до 10 мая", sender="dulikov@avtoprom.example.org", **headers))
    assert read(cast, mailbox) == {"automatic": 1}
    assert [(one.kind, one.side) for one in under(cast, delivery)] == [("out_of_office", "own")]
    with tenant_scope(cast.company.pk):
        assert not Entry.objects.responses().exists()
        assert not Task.objects.exists()


def test_person_who_says_it_is_not_automatic_is_heard(cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party) -> None:
    delivery, letter = sent(cast, office, ivan)
    imap.put("sales", reply(letter, "Да", sender="dulikov@avtoprom.example.org", Auto_Submitted="no"))
    assert read(cast, a_mailbox(cast, imap)) == {"reply": 1}
    assert [one.kind for one in under(cast, delivery)] == ["reply"]


def test_copy_of_a_colleagues_answer_is_not_the_customers(cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party) -> None:
    delivery, letter = sent(cast, office, ivan)
    imap.put(
        "sales", *(reply(letter, "Отвечаю вам", sender=one) for one in ("sales@romashka.example.org", "Sergey@example.org"))
    )
    assert read(cast, a_mailbox(cast, imap)) == {"other": 2}
    assert under(cast, delivery) == []


def test_address_that_is_full_again_and_again_is_marked(cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party) -> None:
    mailbox = a_mailbox(cast, imap)
    marked = []
    for number in range(4):
        _delivery, letter = sent(cast, office, ivan, text=f"Письмо {number}")
        if number == 1:
            imap.put("sales", reply(letter, "Получил", sender="dulikov@avtoprom.example.org"))
        imap.put("sales", returned(letter, to="dulikov@avtoprom.example.org", status="5.2.2"))
        read(cast, mailbox)
        with tenant_scope(cast.company.pk):
            marked.append(ContactPoint.objects.get(party=ivan).bad_at is not None)
            assert not Suppression.objects.exists()
    # The answer between took back the first one.
    assert marked == [False, False, False, True]


def test_nothing_is_taken_twice_whatever_numbers_the_server_gives(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party
) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    answer = reply(letter, "Да", sender="dulikov@avtoprom.example.org")
    imap.put("sales", answer)
    assert read(cast, mailbox) == {"reply": 1}
    assert read(cast, mailbox) == {}
    with tenant_scope(cast.company.pk):
        Mailbox.objects.update(uid_validity=1)
    assert read(cast, mailbox) == {"known": 1}
    imap.put("sales", b"Received: from elsewhere by here\r\n" + answer)
    assert read(cast, mailbox) == {"known": 1}
    assert len(under(cast, delivery)) == 1
    connection = imap.connection("sales")
    connection.select("INBOX", readonly=True)
    assert connection.uid("SEARCH", "SEEN")[1] == [b""], "reading marks nothing as read"
    connection.logout()


def test_kill_in_the_middle_loses_and_repeats_nothing(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    imap.put("sales", *(reply(letter, f"ответ {number}", sender="dulikov@avtoprom.example.org") for number in range(45)))

    class Killed(BaseException):
        """As abrupt as a signal."""

    taken = 0

    def dying(*args: object, **fields: object) -> object:
        nonlocal taken
        taken += 1
        if taken == 31:
            raise Killed
        return take(*args, **fields)

    monkeypatch.setattr("dialogue.customers.mailboxes.hearing.take", dying)
    with pytest.raises(Killed):
        read(cast, mailbox)
    monkeypatch.undo()
    monkeypatch.setenv("SSL_CERT_FILE", imap.authority)
    assert len(under(cast, delivery)) == 20
    assert read(cast, mailbox) == {"reply": 25}
    assert sorted(one.body or "" for one in under(cast, delivery)) == sorted(f"ответ {number}" for number in range(45))


def test_malformed_messages_are_kept_aside_and_reading_goes_on(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    good = reply(letter, "Да", sender="dulikov@avtoprom.example.org")
    odd = [
        b"\r\nno headers at all\r\n",
        b"From: =?utf-8?B?////?= <x\r\nDate: never\r\nSubject: =?koi8-x?Q?=FF?=\r\nContent-Type: multipart/mixed\r\n\r\n\xff\xfe\r\n",
        returned(letter, to="x@y").replace(b"Status: 5.1.1\r\n", b""),
        b"From: a@b\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=z\r\n\r\n--z\r\n",
        b"Content-Type: text/plain; charset=no-such\r\nFrom: x@example.net\r\n\r\n\xd0\x00\x00\r\n",
    ]
    imap.put("sales", *odd, good)
    counts = read(cast, mailbox)
    assert counts["aside"] == 1
    assert sum(counts.values()) == 6
    assert [one.kind for one in under(cast, delivery)] == ["reply"]
    with tenant_scope(cast.company.pk):
        aside = Incoming.objects.get(kind="aside")
    shown = owner.get(f"{BASE}/settings/incoming/{aside.pk}/").content.decode()
    assert "no headers at all" in shown
    assert owner.post(f"{BASE}/settings/incoming/{aside.pk}/").status_code == 302
    monkeypatch.setattr("dialogue.customers.mailboxes.hearing.take", lambda *_args, **_fields: 1 / 0)
    other = reply(letter, "Ещё", sender="dulikov@avtoprom.example.org")
    imap.put("sales", other)
    assert read(cast, mailbox) == {"aside": 1}
    with tenant_scope(cast.company.pk):
        broken = Incoming.objects.filter(kind="aside").latest("id")
    assert "ZeroDivisionError" in broken.note
    assert owner.post(f"{BASE}/settings/incoming/{broken.pk}/").status_code == 302
    assert [one.body for one in under(cast, delivery)] == ["Да", "Ещё"]


def test_trouble_is_said_in_words_and_asked_less_often(
    cast: Cast, imap: Dovecot, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = a_mailbox(cast, imap, password="no")
    absent = a_mailbox(cast, imap, folder="Нет такой & папки")
    plain = a_mailbox(cast, imap, port=imap.plain, security="starttls", folder="Ответы & возвраты")
    silent = a_mailbox(cast, imap, port=1, user="back")
    imap.put(
        "sales", reply(None, "x", sender="stranger@example.net"), folder='"&BB4EQgQyBDUEQgRL- &- &BDIEPgQ3BDIEQAQwBEIESw-"'
    )
    assert read(cast, plain) == {"other": 1}
    for mailbox, words in ((wrong, "пользовател"), (absent, "папки"), (silent, "не отвечает")):
        assert read(cast, mailbox) == {}
        with tenant_scope(cast.company.pk):
            row = Mailbox.objects.get(pk=mailbox.pk)
        assert words in row.trouble, row.trouble
        assert row.next_at > timezone.now()
    with tenant_scope(cast.company.pk):
        assert list(Mailbox.objects.due(timezone.now())) == []
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(imap.authority).with_name("users")))
    assert "Сертификату" in owner.post(f"{BASE}/settings/mailboxes/{plain.pk}/test/", follow=True).content.decode()


def test_each_due_mailbox_is_queued_once(cast: Cast, imap: Dovecot) -> None:
    mailbox = a_mailbox(cast, imap)
    a_mailbox(cast, imap, folder="Off", is_on=False)
    assert ask_for_reading() == 1
    assert ask_for_reading() == 0
    assert read(cast, mailbox) == {}
    with tenant_scope(cast.company.pk):
        assert Mailbox.objects.get(pk=mailbox.pk).read_at


def test_message_whose_letter_is_with_the_server_is_asked_for_later(
    cast: Cast, imap: Dovecot, office: PostOffice, ivan: Party, owner: Client
) -> None:
    delivery, letter = sent(cast, office, ivan)
    mailbox = a_mailbox(cast, imap)
    with tenant_scope(cast.company.pk), transaction.atomic():
        data = returned(letter, to="Dulikov@avtoprom.example.org", whole=True)
        aside = Incoming.objects.create(mailbox=mailbox, digest="1" * 32, kind="aside", data=data)
    path = f"{BASE}/settings/incoming/{aside.pk}/"
    with with_the_server(cast, delivery):
        assert "письмо, о котором оно говорит, сейчас передаётся серверу" in owner.post(path, follow=True).content.decode()
    with tenant_scope(cast.company.pk):
        assert Incoming.objects.get().kind == "aside"
    assert owner.post(path).status_code == 302
    with tenant_scope(cast.company.pk):
        assert Incoming.objects.get().kind == "bounce"
