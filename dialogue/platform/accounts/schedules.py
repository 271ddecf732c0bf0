"""Every night, in every company: the bin is emptied of what lay there 30 days, answers are forgotten, rooms do their night's work."""

from __future__ import annotations

import logging

from django.db import transaction
from procrastinate.contrib.django import app

from dialogue.kit.actors import system_actor
from dialogue.kit.night import night_works
from dialogue.kit.scope import request_scope, tenant_scope, without_tenant
from dialogue.platform.accounts.answered import forget_answered
from dialogue.platform.audit.bin import empty_bin
from dialogue.platform.tenants.models import Tenant

log = logging.getLogger(__name__)


def keep_house() -> int:
    """Do the night's work, a company at a time; a fault in one does not stop the others. Return how many were done."""
    with transaction.atomic(), without_tenant("the night's work goes through every company"):
        companies = list(Tenant.objects.order_by("id").values_list("pk", flat=True))
    done = 0
    for company in companies:
        with request_scope(f"night-{company}"), tenant_scope(company):
            try:
                with transaction.atomic():
                    empty_bin(system_actor(company))
                    forget_answered()
                for work in night_works:
                    with transaction.atomic():
                        work(system_actor(company))
                done += 1
            except Exception:
                log.exception("the night's work failed")
    return done


@app.periodic(cron="41 2 * * *")
@app.task(name="dialogue.keep_house", queue="default", queueing_lock="keep_house")
def night(timestamp: int) -> None:
    """Run the night's work once."""
    keep_house()
