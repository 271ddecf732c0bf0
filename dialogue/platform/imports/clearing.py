"""Imported files are kept for some days after their last use; what became of their rows, and the undo, stay."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from dialogue.kit.actors import Actor
from dialogue.platform.audit.recording import record
from dialogue.platform.imports.models import Import, ImportChange, ImportRow, ImportState
from dialogue.platform.imports.storage import forget_file
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of

DAYS = "keep_imports_days"
AT_WORK = (ImportState.TRYING, ImportState.WAITING, ImportState.RUNNING, ImportState.UNDOING)


def forget_import_files(by: Actor) -> int:
    """Remove files that no import used for as many days as the company keeps them; return how many.

    A draft that lay as long goes with its file: nothing came of it.
    """
    days = int(setting_of(Tenant.objects.get(pk=by.tenant), DAYS))
    held = Import.objects.exclude(file="").filter(updated_at__gte=timezone.now() - timedelta(days=days))
    working = Import.objects.exclude(file="").filter(state__in=AT_WORK)
    kept = set(held.values_list("file", flat=True)) | set(working.values_list("file", flat=True))
    old = Import.objects.exclude(file="").exclude(file__in=kept)
    files = sorted(set(old.values_list("file", flat=True)))
    drafts = list(old.filter(state=ImportState.DRAFT).values_list("pk", flat=True))
    ImportRow.objects.filter(run__in=drafts).delete()
    ImportChange.objects.filter(run__in=drafts).delete()
    Import.objects.filter(pk__in=drafts).delete()
    Import.objects.filter(file__in=files).update(file="")
    for file in files:
        forget_file(file)
    if files:
        record(by, "import.files_removed", kind=Import._meta.label_lower, count=len(files), days=days)
    return len(files)
