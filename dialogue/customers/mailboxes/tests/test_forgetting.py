"""What nobody could be found for goes with the customer it names."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dialogue.customers.mailboxes.actions import MailboxDraft, save_mailbox
from dialogue.customers.mailboxes.models import Incoming
from dialogue.customers.parties import details
from dialogue.customers.parties.actions import bin_party
from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.platform.audit.bin import empty_bin
from tests.cast import a_person, make_cast


def test_messages_of_nobody_go_with_the_customer_they_name(db: None) -> None:
    cast = make_cast()
    ivan = a_person(cast, "Иван Дуликов", email="Dulikov@avtoprom.example.org")
    with tenant_scope(cast.company.pk), transaction.atomic():
        by = cast.actor(cast.owner)
        mailbox = save_mailbox(MailboxDraft(host="127.0.0.1", port=993, user="sales", password="secret", days=7), by=by)
        wife = a_person(cast, "Ольга", email="home@example.org")
        details.add_contact_point(ivan, kind="email", value="home@example.org", by=by)
        mine, foreign = b"From: =?x <Dulikov@avtoprom.example.org>\r\n\xff", b"From: anna-dulikov@avtoprom.example.org\r\n"
        for digest, fields in {
            "1": {"kind": "aside", "data": mine},
            "2": {"kind": "aside", "data": foreign},
            "3": {"kind": "other", "sender": "DULIKOV@avtoprom.example.org"},
            "4": {"kind": "bounce", "note": "5.1.1 dulikov@avtoprom.example.org no such user"},
            "5": {"kind": "aside", "data": b"To: home@example.org\r\n"},
            "6": {"kind": "reply", "party": ivan},
        }.items():
            Incoming.objects.create(mailbox=mailbox, digest=digest * 32, **fields)
        bin_party(ivan, by=by)
        assert empty_bin(by, now=timezone.now() + timedelta(days=31)) == 1
        assert not Party.with_bin.filter(pk=ivan.pk).exists()
        assert sorted(Incoming.objects.values_list("digest", flat=True)) == ["2" * 32, "5" * 32]
        assert wife.pk
