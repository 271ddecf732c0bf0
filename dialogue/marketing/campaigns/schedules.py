"""Every ten minutes: the figures of large campaigns that run, or ended lately, are counted anew."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from dialogue.kit.scope import request_scope, tenant_scope, without_tenant
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.results import keep_results
from dialogue.platform.tenants.models import Tenant

log = logging.getLogger(__name__)
COUNTED = timedelta(days=60)


def count_results() -> int:
    """Count what campaigns brought in every company; a fault in one does not stop the others. Return how many were counted."""
    with transaction.atomic(), without_tenant("campaigns are counted in every company"):
        companies = list(Tenant.objects.order_by("id").values_list("pk", flat=True))
    done = 0
    for company in companies:
        with request_scope(f"campaigns-{company}"), tenant_scope(company):
            try:
                with transaction.atomic():
                    rows = list(Campaign.objects.filter(launched_at__gt=timezone.now() - COUNTED))
                for row in rows:
                    with transaction.atomic():
                        done += keep_results(row)
            except Exception:
                log.exception("counting campaigns failed")
    return done


@app.periodic(cron="*/10 * * * *")
@app.task(name="dialogue.count_campaigns", queue="default", queueing_lock="count_campaigns")
def campaigns_are_counted(timestamp: int) -> None:
    """Count once."""
    count_results()
