"""Exported files are kept for some days and then removed; the job that made one says so."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone, translation
from django.utils.translation import ngettext

from dialogue.kit.actors import Actor
from dialogue.platform.audit.recording import record
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of

KIND = "lists.export"
DAYS = "keep_exports_days"


def forget_exports(by: Actor) -> int:
    """Remove the files of exports that are older than the company keeps them; return how many."""
    company = Tenant.objects.get(pk=by.tenant)
    days = int(setting_of(company, DAYS))
    old = Job.objects.filter(kind=KIND, state=JobState.DONE, finished_at__lt=timezone.now() - timedelta(days=days))
    rows = list(old.filter(result__has_key="file").exclude(result__file=""))
    with translation.override(company.language):
        note = ngettext("The file was removed after %(days)d day.", "The file was removed after %(days)d days.", days)
    for job in rows:
        default_storage.delete(job.result["file"])
        job.result["file"], job.note = "", note % {"days": days}
    Job.objects.bulk_update(rows, ["result", "note"], batch_size=500)
    if rows:
        record(by, "list.exports_removed", kind=Job._meta.label_lower, count=len(rows), days=days)
    return len(rows)
