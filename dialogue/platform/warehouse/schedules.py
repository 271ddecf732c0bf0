"""Twice a minute: what changed in companies that have a warehouse."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from dialogue.kit.scope import request_scope
from dialogue.platform.warehouse import store
from dialogue.platform.warehouse.copying import refresh_company

log = logging.getLogger(__name__)


def refresh_all() -> int:
    """Refresh every warehouse there is; a fault in one does not stop the others. Return how many were refreshed."""
    done = 0
    for company in store.companies():
        with request_scope(f"warehouse-{company}"):
            try:
                done += refresh_company(company) is not None
            except Exception:
                log.exception("the warehouse was not refreshed")
    return done


@app.periodic(cron="* * * * * */30")
@app.task(name="dialogue.refresh_warehouses", queue="default", queueing_lock="refresh_warehouses")
def refresh(timestamp: int) -> None:
    """Refresh once."""
    refresh_all()
