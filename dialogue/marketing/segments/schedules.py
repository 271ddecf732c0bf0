"""Every minute: segments follow their rules, each after those it names."""

from __future__ import annotations

import logging

from django.db import transaction
from procrastinate.contrib.django import app

from dialogue.kit.actors import system_actor
from dialogue.kit.scope import request_scope, tenant_scope, without_tenant
from dialogue.marketing.segments.models import Segment
from dialogue.marketing.segments.rebuilding import rebuild_due
from dialogue.platform.tenants.models import Tenant

log = logging.getLogger(__name__)


def follow_rules() -> int:
    """Fill what is due in every company; a fault in one does not stop the others. Return how many segments were filled."""
    with transaction.atomic(), without_tenant("segments are filled in every company"):
        companies = list(Tenant.objects.order_by("id").values_list("pk", flat=True))
    done = 0
    for company in companies:
        with request_scope(f"segments-{company}"), tenant_scope(company):
            try:
                with transaction.atomic():
                    waiting = Segment.objects.dynamic().exists()
                if waiting:
                    done += rebuild_due(system_actor(company))
            except Exception:
                log.exception("filling segments failed")
    return done


@app.periodic(cron="* * * * *")
@app.task(name="dialogue.follow_rules", queue="default", queueing_lock="follow_rules")
def segments_follow_rules(timestamp: int) -> None:
    """Fill what is due once."""
    follow_rules()
