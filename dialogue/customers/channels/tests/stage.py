"""What stories of letters need: a customer with an address, a real SMTP server, the second origin, the worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction
from django.test import Client, override_settings

from dialogue.customers.channels.actions import Draft, write_letter
from dialogue.customers.channels.hits import basket
from dialogue.customers.channels.models import Delivery
from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.mail.actions import add_sender_identity, check_sender_identity, set_mail_server
from dialogue.platform.mail.models import SenderIdentity
from tests.cast import Cast

CHROME = {
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    "HTTP_ACCEPT": "text/html",
    "HTTP_SEC_FETCH_MODE": "navigate",
    "HTTP_SEC_FETCH_DEST": "document",
}
LINK = re.compile(r"http://[^\s\"<>]+/l/[A-Za-z0-9_-]+")
LEAVE = re.compile(r"<(http://[^\s\"<>]+/u/[A-Za-z0-9_-]+)>")


def verified_sender(cast: Cast, port: int) -> SenderIdentity:
    """Give the company a server on the loopback address and a sender whose key its domain publishes."""
    owner = cast.actor(cast.owner)
    with tenant_scope(cast.company.pk):
        set_mail_server(host="127.0.0.1", port=port, security="none", by=owner)
        row = add_sender_identity(email="sales@romashka.example.org", name="Ромашка", by=owner)
        return check_sender_identity(row, by=owner, find_txt=lambda name: [row.record_text])


def wrote(cast: Cast, party: Party, text: str = "Здравствуйте.", **fields: object) -> Delivery:
    """Write a letter by the owner."""
    with tenant_scope(cast.company.pk):
        return write_letter(party, Draft(subject="Приглашение", text=text, **fields), by=cast.actor(cast.owner))


def worked(cast: Cast) -> None:
    """Run the waiting jobs of the company as a worker does."""
    with tenant_scope(cast.company.pk), transaction.atomic():
        waiting = list(Job.objects.filter(state="waiting").values_list("pk", flat=True))
    for job in waiting:
        run_job(cast.company.pk, job)


@contextmanager
def second_origin() -> Iterator[Client]:
    """Speak to the tracker's addresses; what it held is written at the end."""
    with override_settings(ROOT_URLCONF="dialogue.faces.tracker.urls", MIDDLEWARE=settings.TRACKER_MIDDLEWARE):
        yield Client()
        basket.flush()


def path_of(address: str) -> str:
    """Return the path of an address of the second origin."""
    return "/" + address.split("/", 3)[3]
