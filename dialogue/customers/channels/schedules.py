"""Every minute: letters whose time has come, and those a silent worker left behind; and the task that sends mailings."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from dialogue.customers.channels.mailings import MAILING_TASK, queue_mailings
from dialogue.customers.channels.models import MOVING, UNSETTLED, Bundle, Delivery, Mailing, State
from dialogue.customers.channels.sending import send_for
from dialogue.kit.scope import tenant_scope, without_tenant
from dialogue.platform.tenants.models import Tenant

# A slice of a mailing's work: other companies and other jobs take their turn after it.
SLICE_SECONDS = 20


@app.periodic(cron="* * * * *")
@app.task(name="dialogue.send_due", queue="default", queueing_lock="send_due")
def send_due_letters(timestamp: int) -> None:
    """Send the own letters that are due in every company, and wake the mailings that go."""
    with without_tenant("due letters are looked for in every company"), transaction.atomic():
        companies = list(Tenant.objects.filter(sending_locked=False).values_list("pk", flat=True))
    for company in companies:
        with tenant_scope(company):
            with transaction.atomic():
                moving = Mailing.objects.filter(state__in=MOVING).exists()
                waiting = Delivery.objects.own().filter(state__in=UNSETTLED).exists()
                waiting = waiting or Bundle.objects.filter(state=State.HANDED, lease_until__lt=timezone.now()).exists()
                if moving:
                    queue_mailings(company)
            if waiting:
                send_for(0)


@app.task(name=MAILING_TASK, queue="default", priority=-5)
def send_mailings(tenant: int) -> None:
    """Send what the mailings of a company have due for a slice of time, and ask for another slice while letters are due."""
    with tenant_scope(tenant):
        _counts, more = send_for(SLICE_SECONDS)
        if more:
            with transaction.atomic():
                queue_mailings(tenant)
