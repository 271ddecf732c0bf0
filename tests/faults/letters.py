"""A process of the application for the tests of killed senders.

python -m tests.faults.letters prepare PORT N   writes N letters for a company whose mail server listens on PORT
python -m tests.faults.letters mailing PORT N   plans and starts a mailing of N letters in place of that
python -m tests.faults.letters send             hands over what is due, as the worker does once a lost worker's lease has ended
python -m tests.faults.letters states           prints how the letters stand: {state: [address, …]}
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any


def main() -> None:
    """Do what the first argument says."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.conf import settings
    from django.db import transaction

    from dialogue.kit.scope import tenant_scope, without_tenant
    from dialogue.platform.embedded.server import server_for
    from dialogue.platform.tenants.models import Tenant

    server_for(settings.DATA).start()
    with without_tenant("the test opens its company by login"), transaction.atomic():
        company = Tenant.objects.get(login="rom")
    with tenant_scope(company.pk):
        if sys.argv[1] == "prepare":
            prepare(company.pk, int(sys.argv[2]), int(sys.argv[3]))
        elif sys.argv[1] == "mailing":
            mailing(company.pk, int(sys.argv[2]), int(sys.argv[3]))
        elif sys.argv[1] == "send":
            send()
        else:
            states()


def prepare(company: int, port: int, letters: int) -> None:
    """Give the company a server, a proven sender and letters that wait."""
    from django.db import transaction

    from dialogue.customers.channels.actions import Draft, write_letter
    from dialogue.customers.parties.bulk import create_parties
    from dialogue.customers.parties.drafts import Contact, NewParty
    from dialogue.customers.parties.models import Party
    from dialogue.kit.actors import system_actor
    from dialogue.platform.mail.actions import add_sender_identity, check_sender_identity, set_mail_server

    by = system_actor(company)
    with transaction.atomic():
        set_mail_server(host="127.0.0.1", port=port, security="none", by=by)
        row = add_sender_identity(email="sales@romashka.example.org", name="Ромашка", by=by)
        check_sender_identity(row, by=by, find_txt=lambda name: [row.record_text])
        drafts = [
            NewParty(first_name="Имя", contacts=[Contact("email", f"p{number}@example.org")]) for number in range(letters)
        ]
        for party in Party.objects.filter(pk__in=create_parties(drafts, by=by)):
            write_letter(party, Draft(subject="Приглашение", text="Здравствуйте, {{first_name}}."), by=by)


def mailing(company: int, port: int, letters: int) -> None:
    """Give the company a server, a proven sender and a mailing that goes."""
    from django.db import transaction

    from dialogue.customers.channels.actions import change_letter_settings
    from dialogue.customers.channels.mailings import open_mailing, plan_deliveries, start_mailing
    from dialogue.customers.parties.bulk import create_parties
    from dialogue.customers.parties.drafts import Contact, NewParty
    from dialogue.kit.actors import system_actor
    from dialogue.platform.mail.actions import add_sender_identity, check_sender_identity, set_mail_server

    by = system_actor(company)
    with transaction.atomic():
        change_letter_settings(mail_per_domain=0, by=by)
        set_mail_server(host="127.0.0.1", port=port, security="none", by=by)
        row = add_sender_identity(email="sales@romashka.example.org", name="Ромашка", by=by)
        check_sender_identity(row, by=by, find_txt=lambda name: [row.record_text])
        create_parties(
            [NewParty(first_name="Имя", contacts=[Contact("email", f"p{number}@example.org")]) for number in range(letters)],
            by=by,
        )
        made = open_mailing("test", 1, title="Осень", canary=0, purpose="service", by=by)
        source = "SELECT party_id, value, now(), 'a' FROM parties_contactpoint WHERE tenant_id = %s AND kind = 'email'"
        plan_deliveries(made, (source, [company]), by=by)
        start_mailing(made, by=by)


def make(rows: Sequence[Any]) -> dict[int, Any]:
    """Return the letters of the mailing."""
    from dialogue.customers.channels.makers import Draft

    return {row.pk: Draft("Приглашение", "Здравствуйте, {{name}}.", {"name": "Имя"}, "ru", "one") for row in rows}


def send() -> None:
    """Send what is due and what a killed worker left."""
    from dialogue.customers.channels.makers import letter_makers

    letter_makers.add("test", make)
    from django.db import transaction
    from django.utils import timezone

    from dialogue.customers.channels.claims import free_lost
    from dialogue.customers.channels.models import Bundle, Delivery
    from dialogue.customers.channels.sending import send_due

    with transaction.atomic():
        Delivery.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))
        Bundle.objects.filter(state="handed").update(lease_until=timezone.now() - timedelta(seconds=1))
        Delivery.objects.filter(state="deferred").update(due_at=timezone.now())
        free_lost()
        unknown = Delivery.objects.filter(state="unknown").count()
    print(json.dumps({"unknown": unknown}), flush=True)
    print(json.dumps(send_due()), flush=True)


def states() -> None:
    """Print who stands where."""
    from django.db import transaction

    from dialogue.customers.channels.models import Bundle, Delivery

    found: dict[str, list[str]] = {}
    with transaction.atomic():
        for state, addresses in Bundle.objects.values_list("state", "addresses"):
            found.setdefault(state, []).extend(addresses)
        for state, address in Delivery.objects.values_list("state", "address"):
            found.setdefault(state, []).append(address)
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
