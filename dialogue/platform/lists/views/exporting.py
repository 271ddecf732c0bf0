"""Doors of the export: start it, take the file."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dialogue.kit.errors import Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.lists.actions import export_list
from dialogue.platform.lists.clearing import DAYS
from dialogue.platform.lists.views.opening import open_list, read_query
from dialogue.platform.tenants.registry import setting_of

FORMS = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@member_page
@require_POST
def start_export(request: MemberRequest, name: str) -> HttpResponseBase:
    """Queue the export of all that match and lead to the jobs, where it can be taken."""
    page = open_list(request, name)
    form = request.POST.get("form", "csv")
    if form not in FORMS:
        raise Refusal(_("Choose CSV or XLSX."), field="form")
    reading = read_query(request, page, QueryDict(request.POST.get("query", "")))
    reading.matching()
    export_list(page, reading.given.urlencode(), form, get_language() or "en", by=request.actor)
    days = int(setting_of(request.company, DAYS))
    words = ngettext(
        "The export has begun. When it is done its file waits here for %(days)d day.",
        "The export has begun. When it is done its file waits here for %(days)d days.",
        days,
    )
    messages.success(request, words % {"days": days})
    return redirect("job_list")


@member_page
@require_GET
def take_export(request: MemberRequest, job: int) -> HttpResponseBase:
    """Return the exported file to the member who asked for it."""
    row = Job.objects.filter(pk=job, kind="lists.export", actor=request.actor.user, state=JobState.DONE).first()
    if row is None or not row.result.get("file") or not default_storage.exists(row.result["file"]):
        raise Http404
    form = row.result["form"]
    opened = default_storage.open(row.result["file"], "rb")
    return FileResponse(opened, as_attachment=True, filename=f"{row.result['list']}.{form}", content_type=FORMS[form])
