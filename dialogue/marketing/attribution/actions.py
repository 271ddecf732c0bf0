"""Verbs over attribution: attribute what was bought, set the windows, count everything anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.marketing.attribution.counting import attribute_some, windows_of
from dialogue.marketing.attribution.models import Attribution, What
from dialogue.marketing.attribution.permissions import AttributionPermission
from dialogue.platform.audit.recording import difference, record
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs.kinds import JobKind, JobRun, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.opened import open_company
from dialogue.platform.tenants.registry import company_settings, setting_of
from dialogue.selling.deals.models import Deal
from dialogue.selling.purchases.models import Purchase

COUNT_JOB = "attribution.count"
SETTINGS = ("attribution_deed_days", "attribution_delivered_days")
SPAN = 20_000
# Answers that were imported late, letters that came back late: the last weeks are attributed anew every night.
LATE = timedelta(days=7)
MODELS: dict[str, Any] = {What.PURCHASE: Purchase, What.DEAL: Deal}


@action(permission=AttributionPermission.WRITE)
def attribute(what: str, ids: Sequence[int], *, by: Actor) -> int:
    """Say of purchases or deals (`what`) what brought them and return how many something of ours brought.

    It follows from what is recorded already, so it leaves no line in the history.
    """
    return attribute_some(what, ids, windows_of(open_company()))


@action(permission=AttributionPermission.WRITE)
def change_windows(*, by: Actor, **days: object) -> Tenant:
    """Set `attribution_deed_days` or `attribution_delivered_days` and count everything anew; return the company.

    Raises:
        InvalidInput: names every number out of bounds.
    """
    row = Tenant.objects.select_for_update().get(pk=by.tenant)
    before = {name: setting_of(row, name) for name in SETTINGS}
    errors: dict[str, str] = {}
    for name, value in days.items():
        if name not in SETTINGS:
            raise Refusal(_("There is no such setting of attribution."), field=name)
        try:
            row.settings[name] = company_settings.get(name).clean(value, field=name)
        except Refusal as refusal:
            errors[name] = refusal.message
    if errors:
        raise InvalidInput(errors)
    row.save(update_fields=["settings"])
    changes = difference(before, {name: setting_of(row, name) for name in SETTINGS})
    if changes:
        record(by, "attribution.windows", row, changes=changes)
        count_anew(by=by)
    return row


@action(permission=AttributionPermission.WRITE)
def count_anew(*, by: Actor) -> Job:
    """Attribute everything anew as a visible job and return the job."""
    return start_job(COUNT_JOB, title=_("Attributing purchases and deals"), by=by, arguments={})


def count_job(run: JobRun) -> dict[str, int]:
    """Attribute every purchase and deal anew, a span at a time; return how many of each something of ours brought."""
    found = {str(what): 0 for what in MODELS}
    with transaction.atomic():
        windows = windows_of(open_company())
        total = sum(model.objects.count() for model in MODELS.values())
    done = 0
    for what, model in MODELS.items():
        last = 0
        while True:
            with transaction.atomic():
                ids = list(model.objects.filter(pk__gt=last).order_by("id").values_list("pk", flat=True)[:SPAN])
                # What was removed meanwhile is attributed to nothing.
                stale = Attribution.objects.filter(what=what, ref__gt=last)
                (stale.filter(ref__lt=ids[-1]) if ids else stale).exclude(ref__in=ids).delete()
                found[str(what)] += attribute_some(what, ids, windows)
            if not ids:
                break
            last, done = ids[-1], done + len(ids)
            run.advance(done, max(total, done))
    return found


def follow_late_answers(by: Actor) -> None:
    """Attribute the last days anew: the night's work."""
    windows = windows_of(open_company())
    since = timezone.now() - LATE - timedelta(days=max(windows.deed, windows.delivered))
    for what, recent in (
        (What.PURCHASE, Purchase.objects.filter(at__gte=since)),
        (What.DEAL, Deal.objects.filter(created_at__gte=since)),
    ):
        ids = list(recent.values_list("pk", flat=True))
        for start in range(0, len(ids), SPAN):
            attribute_some(what, ids[start : start + SPAN], windows)


job_kinds.add(COUNT_JOB, JobKind(run=count_job))
