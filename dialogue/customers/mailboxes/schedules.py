"""Every minute: each mailbox whose turn has come is read by a task of its own, so that a slow server delays no other."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from dialogue.customers.mailboxes.hearing import read_mailbox
from dialogue.customers.mailboxes.models import Mailbox
from dialogue.kit.scope import request_scope, tenant_scope, without_tenant
from dialogue.platform.tenants.models import Tenant

ROOM = "mailboxes"


@app.task(name="dialogue.read_mailbox", queue="default")
def read_one(tenant: int, mailbox: int) -> None:
    """Read one mailbox."""
    with request_scope(f"mailbox-{mailbox}"), tenant_scope(tenant):
        read_mailbox(mailbox)


def ask_for_reading() -> int:
    """Queue the mailboxes of every company whose turn has come; return how many."""
    with transaction.atomic(), without_tenant("mailboxes are read in every company"):
        companies = [one.pk for one in Tenant.objects.order_by("id") if ROOM not in one.rooms_off]
    asked = 0
    for company in companies:
        with tenant_scope(company):
            with transaction.atomic():
                due = list(Mailbox.objects.due(timezone.now()).values_list("pk", flat=True))
            asked += sum(_queue(company, pk) for pk in due)
    return asked


def _queue(company: int, mailbox: int) -> bool:
    name = f"mailbox-{mailbox}"
    try:
        with transaction.atomic():
            read_one.configure(queueing_lock=name, lock=name).defer(tenant=company, mailbox=mailbox)
    except AlreadyEnqueued:
        return False
    return True


@app.periodic(cron="* * * * *")
@app.task(name="dialogue.read_mailboxes", queue="default", queueing_lock="read_mailboxes")
def read_mailboxes(timestamp: int) -> None:
    """Queue what is due once."""
    ask_for_reading()
