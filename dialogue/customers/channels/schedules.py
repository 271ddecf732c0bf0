"""Every minute: letters whose time has come, and those a silent worker left behind."""

from __future__ import annotations

from django.db import transaction
from procrastinate.contrib.django import app

from dialogue.customers.channels.models import UNSETTLED, Delivery
from dialogue.customers.channels.sending import send_due
from dialogue.kit.scope import tenant_scope, without_tenant
from dialogue.platform.tenants.models import Tenant


@app.periodic(cron="* * * * *")
@app.task(name="dialogue.send_due", queue="default", queueing_lock="send_due")
def send_due_letters(timestamp: int) -> None:
    """Send what is due in every company."""
    with without_tenant("due letters are looked for in every company"), transaction.atomic():
        companies = list(Tenant.objects.filter(sending_locked=False).values_list("pk", flat=True))
    for company in companies:
        with tenant_scope(company):
            with transaction.atomic():
                waiting = Delivery.objects.filter(state__in=UNSETTLED).exists()
            if waiting:
                send_due()
