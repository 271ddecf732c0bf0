"""The first message and its answer: written, delivered through a real server, followed, answered, ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import uuid4

import dkim
import pytest
from django.utils import timezone

from dialogue.customers.channels.actions import (
    Draft,
    cancel_letter,
    change_letter_settings,
    leave_unknown,
    lift_suppression,
    send_again,
    suppress_address,
    write_letter,
)
from dialogue.customers.channels.errors import NoAddress, NoConsent, NoSender, SendingLocked, Suppressed
from dialogue.customers.channels.hits import Basket
from dialogue.customers.channels.models import Delivery, Hit, State, Suppression
from dialogue.customers.channels.sending import send_due
from dialogue.customers.channels.tests.stage import CHROME, LEAVE, LINK, path_of, second_origin, verified_sender, worked, wrote
from dialogue.customers.channels.tokens import Token, TokenKind, marks_in, write_token
from dialogue.customers.parties.details import record_consent
from dialogue.customers.parties.models import Consent, ContactPoint, Party
from dialogue.customers.timeline.models import Entry, answers_to
from dialogue.kit.errors import Conflict, InvalidInput, NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import unlock_sending
from dialogue.platform.mail.actions import change_sender_identity
from dialogue.platform.mail.models import SenderIdentity, StoredLetter
from dialogue.platform.mail.tests.post_office import PostOffice, post_office
from dialogue.platform.tenants.models import Tenant
from tests.cast import Cast, a_person, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def ivan(cast: Cast) -> Party:
    return a_person(cast, "Иван Дуликов", email="Dulikov@avtoprom.example.org")


def state_of(cast: Cast, delivery: Delivery) -> Delivery:
    with tenant_scope(cast.company.pk):
        return Delivery.objects.get(pk=delivery.pk)


def answers(cast: Cast, delivery: Delivery) -> list[str]:
    with tenant_scope(cast.company.pk):
        return [entry.kind for entry in answers_to([delivery.touch or 0]).get(delivery.touch or 0, [])]


def test_letter_goes_and_its_link_is_answered_under_the_touch(cast: Cast, office: PostOffice, ivan: Party) -> None:
    sender = verified_sender(cast, office.port)
    delivery = wrote(cast, ivan, "Смотрите [расценки](https://romashka.example.org/prices?a=1&b=2).\n\nЖдём **вас**.")
    with tenant_scope(cast.company.pk):
        touch = Entry.objects.get(pk=delivery.touch)
        assert (touch.side, touch.kind, touch.subject, touch.ref_id) == ("out", "letter", "Приглашение", delivery.pk)
    worked(cast)
    gone = state_of(cast, delivery)
    assert (gone.state, gone.code, gone.stayed) == (State.ACCEPTED, 250, False)
    taken = office.letters[0]
    assert taken.recipients == ["Dulikov@avtoprom.example.org"]
    assert dkim.verify(taken.data, dnsfunc=lambda name, timeout=5: sender.record_text.encode())
    message = message_from_bytes(taken.data, policy=policy.default)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    signed = message["DKIM-Signature"].replace("\n", "").replace(" ", "")
    assert "list-unsubscribe:list-unsubscribe-post" in signed
    html = message.get_body(preferencelist=("html",)).get_content()
    assert "<strong>вас</strong>" in html
    plain = message.get_body(preferencelist=("plain",)).get_content()
    link = LINK.search(plain)[0]
    with second_origin() as client:
        answer = client.get(path_of(link), **CHROME)
        assert (answer.status_code, answer["Location"]) == (302, "https://romashka.example.org/prices?a=1&b=2")
        assert not answer.cookies
        client.get(path_of(link), **CHROME)
    assert answers(cast, delivery) == ["link_followed"]
    with tenant_scope(cast.company.pk):
        assert Hit.objects.count() == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"HTTP_USER_AGENT": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"HTTP_USER_AGENT": ""},
        {"HTTP_SEC_PURPOSE": "prefetch"},
        {"HTTP_SEC_FETCH_MODE": "no-cors", "HTTP_SEC_FETCH_DEST": "empty"},
        {"REQUEST_METHOD": "HEAD"},
    ],
)
def test_machine_following_a_link_is_no_answer(cast: Cast, ivan: Party, changed: dict[str, str]) -> None:
    delivery = wrote(cast, ivan, "https://romashka.example.org/")
    worked(cast)
    with second_origin() as client:
        token = write_token(Token(TokenKind.LINK, cast.company.pk, delivery.pk, "https://romashka.example.org/"))
        assert client.get(f"/l/{token}", **(CHROME | changed)).status_code == 302
    assert answers(cast, delivery) == []
    with tenant_scope(cast.company.pk):
        assert Hit.objects.get().verdict == "machine"


def test_scanner_walking_all_links_is_no_answer(cast: Cast, ivan: Party) -> None:
    delivery = wrote(cast, ivan)
    with second_origin() as client:
        for page in ("a", "b", "c"):
            token = write_token(Token(TokenKind.LINK, cast.company.pk, delivery.pk, f"https://romashka.example.org/{page}"))
            client.get(f"/l/{token}", **CHROME)
    assert answers(cast, delivery) == []


def test_scanner_is_found_out_after_its_first_link_was_believed(cast: Cast, ivan: Party) -> None:
    delivery = wrote(cast, ivan)
    for page, left in (("a", ["link_followed"]), ("b", [])):
        with second_origin() as client:
            token = write_token(Token(TokenKind.LINK, cast.company.pk, delivery.pk, f"https://romashka.example.org/{page}"))
            client.get(f"/l/{token}", **CHROME)
        assert answers(cast, delivery) == left
    with tenant_scope(cast.company.pk):
        assert {(hit.verdict, hit.rule, hit.counted) for hit in Hit.objects.all()} == {("machine", "burst", False)}


def test_hidden_link_shows_a_scanner(cast: Cast, office: PostOffice, ivan: Party) -> None:
    verified_sender(cast, office.port)
    delivery = wrote(cast, ivan, "https://romashka.example.org/prices")
    worked(cast)
    html = str(message_from_bytes(office.letters[0].data, policy=policy.default).get_body(("html",)).get_content())
    trap = re.search(r'<a href="([^"]+/h/[^"]+)" hidden', html)
    assert trap
    with second_origin() as client:
        client.get(path_of(LINK.search(html)[0]), **CHROME)
    assert answers(cast, delivery) == ["link_followed"]
    with second_origin() as client:
        assert client.get(path_of(trap[1]), **CHROME).status_code == 204
        assert client.get("/h/x").status_code == 404
    assert answers(cast, delivery) == []


def test_return_address_names_its_letter_where_the_company_wishes(cast: Cast, office: PostOffice, ivan: Party) -> None:
    sender = verified_sender(cast, office.port)
    plain = wrote(cast, ivan)
    worked(cast)
    with tenant_scope(cast.company.pk):
        change_sender_identity(sender, return_path="back@romashka.example.org", by=cast.actor(cast.owner))
        change_letter_settings(mail_mark_returns=True, by=cast.actor(cast.owner))
    marked = wrote(cast, ivan)
    worked(cast)
    first, second = office.letters
    assert first.envelope_from == "sales@romashka.example.org"
    assert second.envelope_from.startswith("back+")
    assert marks_in(second.envelope_from.upper()) == [(cast.company.pk, marked.pk)]
    named = message_from_bytes(first.data, policy=policy.default)["Message-ID"]
    assert marks_in(f"a {named} b") == [(cast.company.pk, plain.pk)]
    assert marks_in(named.replace(f".{plain.pk:x}.", f".{plain.pk + 1:x}.")) == []


def test_changed_link_leads_nowhere(cast: Cast, ivan: Party) -> None:
    delivery = wrote(cast, ivan)
    token = write_token(Token(TokenKind.LINK, cast.company.pk, delivery.pk, "https://romashka.example.org/"))
    leave = write_token(Token(TokenKind.UNSUBSCRIBE, cast.company.pk, delivery.pk))
    with second_origin() as client:
        for bad in (token[:-2] + "AA", "x", "é", token + "A", leave):
            assert client.get(f"/l/{bad}").status_code == 404
        assert client.get(f"/u/{token}").status_code == 404


def test_one_click_ends_the_letters_and_get_does_not(cast: Cast, office: PostOffice, ivan: Party) -> None:
    verified_sender(cast, office.port)
    delivery = wrote(cast, ivan)
    worked(cast)
    header = message_from_bytes(office.letters[0].data, policy=policy.default)["List-Unsubscribe"]
    address = path_of(LEAVE.search(header)[1])
    with second_origin() as client:
        shown = client.get(address)
        assert "Иван" not in shown.content.decode()
        assert "<form" in shown.content.decode()
    with tenant_scope(cast.company.pk):
        assert not Suppression.objects.exists()
        assert not Consent.objects.exists()
    with second_origin() as client:
        for _again in range(2):
            answer = client.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
            assert answer.status_code == 200
            assert not answer.cookies
    assert answers(cast, delivery) == ["unsubscribed"]
    with tenant_scope(cast.company.pk):
        assert {row.purpose for row in Suppression.objects.all()} == {"marketing", "service"}
        assert Consent.objects.filter(state="withdrawn").count() == 2
    with pytest.raises(Suppressed, match="unsubscribed"):
        wrote(cast, ivan)


def test_stop_list_survives_erasure_and_a_new_import(cast: Cast, ivan: Party) -> None:
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        row = suppress_address("dulikov@AVTOPROM.example.org", by=owner)
        assert suppress_address("Dulikov@avtoprom.example.org", by=owner) == row
        assert "dulikov" not in f"{row.key} {row.hint}"
        Party.objects.filter(pk=ivan.pk).delete()
    again = a_person(cast, "Иван Дуликов", email="dulikov@avtoprom.example.org")
    with pytest.raises(Suppressed):
        wrote(cast, again)
    with tenant_scope(cast.company.pk):
        with pytest.raises(Refusal):
            lift_suppression(row, evidence=" ", by=owner)
        lift_suppression(row, evidence="позвонил 3 марта и попросил писать", by=owner)
    assert wrote(cast, again).state == State.PLANNED
    with tenant_scope(cast.other_company.pk):
        assert not Suppression.objects.exists()


def test_refused_address_is_noted_and_not_written_to_again(cast: Cast, office: PostOffice, ivan: Party) -> None:
    verified_sender(cast, office.port)
    office.rcpt["Dulikov@avtoprom.example.org"] = "550 5.1.1 no such user here"
    delivery = wrote(cast, ivan)
    worked(cast)
    back = state_of(cast, delivery)
    assert (back.state, back.code, back.reason) == (State.REFUSED, 550, "dead-address")
    assert answers(cast, delivery) == ["returned"]
    with tenant_scope(cast.company.pk):
        assert ContactPoint.objects.get(party=ivan).bad_at
    with pytest.raises(NoAddress, match="come back"):
        wrote(cast, ivan)


def test_refused_content_says_nothing_about_the_address(cast: Cast, office: PostOffice, ivan: Party) -> None:
    verified_sender(cast, office.port)
    office.data["Dulikov@avtoprom.example.org"] = "554 5.7.1 looks like spam"
    delivery = wrote(cast, ivan)
    worked(cast)
    assert (state_of(cast, delivery).state, state_of(cast, delivery).reason) == (State.REFUSED, "refused")
    with tenant_scope(cast.company.pk):
        assert not Suppression.objects.exists()
        assert ContactPoint.objects.get(party=ivan).bad_at is None


def test_put_off_letter_is_tried_again_until_it_is_given_up(cast: Cast, office: PostOffice, ivan: Party) -> None:
    verified_sender(cast, office.port)
    office.rcpt["Dulikov@avtoprom.example.org"] = "451 4.7.1 try later"
    delivery = wrote(cast, ivan)
    worked(cast)
    row = state_of(cast, delivery)
    assert (row.state, row.attempts) == (State.DEFERRED, 1)
    assert row.due_at > timezone.now() + timedelta(seconds=50)
    with tenant_scope(cast.company.pk):
        assert send_due() == {}
        for _attempt in range(7):
            Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now())
            send_due()
    row = state_of(cast, delivery)
    assert (row.state, row.reason, row.attempts) == (State.REFUSED, "gave-up", 8)
    office.rcpt.clear()
    with tenant_scope(cast.company.pk):
        send_again(row, by=cast.actor(cast.owner))
        send_due()
    assert state_of(cast, delivery).state == State.ACCEPTED


def test_lost_answer_leaves_the_outcome_unknown_until_a_person_decides(cast: Cast, office: PostOffice, ivan: Party) -> None:
    verified_sender(cast, office.port)
    office.hang_up = True
    delivery = wrote(cast, ivan)
    worked(cast)
    assert state_of(cast, delivery).state == State.UNKNOWN
    office.hang_up = False
    with tenant_scope(cast.company.pk):
        assert send_due() == {}
        assert len(office.letters) == 1
        leave_unknown(delivery, by=cast.actor(cast.owner))
        with pytest.raises(Conflict):
            send_again(delivery, by=cast.actor(cast.owner))


@pytest.mark.parametrize(("held", "freed"), [(State.CLAIMED, State.ACCEPTED), (State.HANDED, State.UNKNOWN)])
def test_killed_worker_repeats_no_letter(cast: Cast, ivan: Party, held: str, freed: str) -> None:
    delivery = wrote(cast, ivan)
    with tenant_scope(cast.company.pk):
        Delivery.objects.filter(pk=delivery.pk).update(state=held, lease_until=timezone.now() - timedelta(seconds=1))
        send_due()
        assert Delivery.objects.get().state == freed
        assert StoredLetter.objects.count() == (1 if held == State.CLAIMED else 0)


def test_letter_stays_here_without_a_server_and_for_the_demonstration(cast: Cast, office: PostOffice, ivan: Party) -> None:
    first = wrote(cast, ivan)
    worked(cast)
    with tenant_scope(cast.company.pk):
        assert SenderIdentity.objects.get().email == "anna@example.org"
        assert StoredLetter.objects.count() == 1
    assert state_of(cast, first).stayed
    verified_sender(cast, office.port)
    with tenant_scope(cast.company.pk):
        Tenant.objects.filter(pk=cast.company.pk).update(is_demo=True)
    second = wrote(cast, ivan)
    worked(cast)
    assert state_of(cast, second).stayed
    assert office.letters == []


def test_restored_copy_sends_nothing_until_unlocked(cast: Cast, ivan: Party) -> None:
    delivery = wrote(cast, ivan)
    with tenant_scope(cast.company.pk):
        Tenant.objects.filter(pk=cast.company.pk).update(sending_locked=True)
    worked(cast)
    assert state_of(cast, delivery).state == State.PLANNED
    with pytest.raises(SendingLocked):
        wrote(cast, ivan)
    with tenant_scope(cast.company.pk):
        with pytest.raises(NotPermitted):
            unlock_sending(cast.company, by=cast.actor(cast.seller))
        unlock_sending(cast.company, by=cast.actor(cast.owner))
        send_due()
    assert state_of(cast, delivery).state == State.ACCEPTED


def test_consent_decides_about_offers(cast: Cast, ivan: Party) -> None:
    owner = cast.actor(cast.owner)
    with pytest.raises(NoConsent, match="consent"):
        wrote(cast, ivan, purpose="marketing")
    with tenant_scope(cast.company.pk):
        record_consent(ivan, channel="email", state="given", by=owner)
    offer = wrote(cast, ivan, purpose="marketing")
    with tenant_scope(cast.company.pk):
        record_consent(ivan, channel="email", state="withdrawn", by=owner)
    worked(cast)
    assert (state_of(cast, offer).state, state_of(cast, offer).reason) == (State.CANCELLED, "no-consent")


def test_wrong_letters_are_refused_in_words(cast: Cast, office: PostOffice, ivan: Party) -> None:
    with pytest.raises(NoAddress):
        wrote(cast, a_person(cast, "Без адреса"))
    with tenant_scope(cast.company.pk):
        owner = cast.actor(cast.owner)
        with pytest.raises(InvalidInput) as refused:
            write_letter(ivan, Draft(subject=" ", text="{{first_nme}}"), by=owner)
        assert set(refused.value.errors) == {"subject", "text"}
        with pytest.raises(InvalidInput):
            write_letter(ivan, Draft(subject="a\nb", text="x {{"), by=owner)
        operator = type(owner)(tenant=owner.tenant, label="x", user=owner.user)
        with pytest.raises(NotPermitted):
            write_letter(ivan, Draft(subject="a", text="b"), by=operator)
    verified_sender(cast, office.port)
    with tenant_scope(cast.company.pk):
        SenderIdentity.objects.update(verified_at=None)
    with pytest.raises(NoSender, match="confirm the address"):
        wrote(cast, ivan)


def test_pressing_twice_sends_once_and_waiting_letter_can_be_stopped(cast: Cast, ivan: Party) -> None:
    number = uuid4()
    first = wrote(cast, ivan, once=number)
    assert wrote(cast, ivan, once=number) == first
    with tenant_scope(cast.company.pk):
        cancel_letter(first, by=cast.actor(cast.owner))
    worked(cast)
    with tenant_scope(cast.company.pk):
        assert not StoredLetter.objects.exists()
        assert Delivery.objects.get().state == State.CANCELLED


def test_places_are_filled_from_the_card(cast: Cast) -> None:
    olga = a_person(cast, "Панина Ольга", email="olga@avtoprom.example.org", first_name="Ольга", last_name="Панина")
    delivery = wrote(cast, olga, "Здравствуйте, {{first_name}}! {{city|Ваш город}} ждёт.\n{{sender}}, {{our_company}}")
    with tenant_scope(cast.company.pk):
        assert delivery.message.text == "Здравствуйте, Ольга! Ваш город ждёт.\nАнна, Ромашка"


def test_member_who_may_only_write_letters_writes_one(cast: Cast, ivan: Party) -> None:
    with tenant_scope(cast.company.pk):
        by = replace(cast.actor(cast.seller), permissions=frozenset({"channels:send"}))
        delivery = write_letter(ivan, Draft(subject="a", text="b"), by=by)
        assert Entry.objects.get(pk=delivery.touch).by == cast.seller.pk


@pytest.mark.django_db
def test_requests_are_written_in_the_background_and_at_the_end() -> None:
    held = Basket()
    written: list[int] = []
    held.flush = lambda: written.append(1) or 0  # type: ignore[method-assign]
    held.start()
    held.stop()
    assert written
