"""The addresses letters come from, the company's server, and the mailbox that keeps letters here."""

from __future__ import annotations

import pytest

from dialogue.kit.errors import Conflict, InvalidInput, NotPermitted
from dialogue.kit.scope import tenant_scope
from dialogue.platform.mail.actions import (
    add_sender_identity,
    check_sender_identity,
    remove_mail_server,
    remove_sender_identity,
    set_mail_server,
    use_sender_identity_first,
)
from dialogue.platform.mail.dns import DnsSilent
from dialogue.platform.mail.letters import assemble
from dialogue.platform.mail.local import LocalTransport, opened
from dialogue.platform.mail.models import MailServer, SenderIdentity, StoredLetter
from dialogue.platform.mail.outgoing import way_out
from dialogue.platform.mail.tests.test_letters import letter
from dialogue.platform.mail.transport import SmtpTransport
from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def test_identity_is_added_with_its_key_sealed(cast: Cast) -> None:
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        first = add_sender_identity(email=" sales@Ромашка.рф ", name="Ромашка", by=owner)
        second = add_sender_identity(email="info@romashka.example.org", by=owner)
        assert (first.email, first.domain) == ("sales@xn--80aa3agjl3d.xn--p1ai", "xn--80aa3agjl3d.xn--p1ai")
        assert first.is_default
        assert not second.is_default
        assert "PRIVATE" not in first.key_sealed
        assert first.record_text.startswith("v=DKIM1; k=rsa; p=")
        use_sender_identity_first(second, by=owner)
        assert [row.pk for row in SenderIdentity.objects.in_use()] == [second.pk, first.pk]
        remove_sender_identity(second, by=owner)
        assert SenderIdentity.objects.in_use().get().is_default
        with pytest.raises(Conflict):
            add_sender_identity(email=first.email.upper(), by=owner)
        with pytest.raises(InvalidInput) as refused:
            add_sender_identity(email="sales", name="a\nb", reply_to="x", by=owner)
        assert set(refused.value.errors) == {"email", "name", "reply_to"}
        with pytest.raises(NotPermitted):
            add_sender_identity(email="b@romashka.example.org", by=cast.actor(cast.seller))


def test_identity_is_verified_by_its_record(cast: Cast) -> None:
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        row = add_sender_identity(email="sales@romashka.example.org", by=owner)
        zone = {row.record_name: [row.record_text.replace("; ", ";")]}
        assert check_sender_identity(row, by=owner, find_txt=lambda name: zone.get(name, [])).verified_at

        def silent(name: str) -> list[str]:
            raise DnsSilent(name)

        kept = check_sender_identity(row, by=owner, find_txt=silent)
        assert kept.verified_at
        assert kept.check_note
        lost = check_sender_identity(row, by=owner, find_txt=lambda name: ["v=DKIM1; p=AAAA"])
        assert lost.verified_at is None
        assert "another key" in lost.check_note
        assert "no such record" in check_sender_identity(row, by=owner, find_txt=lambda name: []).check_note


def test_letters_stay_here_until_a_server_is_set(cast: Cast) -> None:
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        assert isinstance(way_out(), LocalTransport)
        way_out().send("sales@romashka.example.org", ["ivan@example.org"], assemble(letter(html="<p>Да</p>")))
        kept = StoredLetter.objects.get()
        shown = opened(kept.data)
        assert (kept.subject, shown.text.strip(), shown.html.strip()) == ("Приглашение", "Здравствуйте.", "<p>Да</p>")
        server = set_mail_server(host="SMTP.example.org", port=587, user="u", password="secret", by=owner)
        assert "secret" not in server.password_sealed
        set_mail_server(host="smtp.example.org", port=465, security="tls", user="u", by=owner)
        assert MailServer.objects.get().address().password == "secret"
        assert isinstance(way_out(), SmtpTransport)
        assert isinstance(way_out(stay=True), LocalTransport)
        remove_mail_server(by=owner)
        assert isinstance(way_out(), LocalTransport)
        with pytest.raises(InvalidInput) as refused:
            set_mail_server(host="a b", port=0, security="x", by=owner)
        assert set(refused.value.errors) == {"host", "port", "security"}
    with tenant_scope(cast.other_company.pk):
        assert not StoredLetter.objects.exists()
