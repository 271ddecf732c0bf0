"""Upload, open and remove files of a record; `files/panel.html` shows them on any card."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.kit.doors import ActorRequest, member_page
from dialogue.kit.errors import Refusal
from dialogue.platform.files.actions import keep_file, remove_file
from dialogue.platform.files.models import StoredFile
from dialogue.platform.files.serving import signed_address
from dialogue.platform.files.subjects import file_subjects


def files_panel(request: ActorRequest, subject: models.Model, *, error: str = "") -> dict[str, Any]:
    """Return the context of `files/panel.html` for a record the member sees; one query."""
    kind = subject._meta.label_lower
    permission = file_subjects.get(kind).permission
    return {
        "files": StoredFile.objects.of(subject),
        "files_kind": kind,
        "files_id": subject.pk,
        "files_error": error,
        "files_open": not permission or request.actor.can(permission),
    }


def _subject(request: ActorRequest, kind: str, number: int) -> models.Model:
    known = file_subjects.find(kind)
    if known is None:
        raise Http404
    found: models.Model = get_object_or_404(known.visible_to(request.actor), pk=number)
    return found


@member_page
@require_POST
def file_upload(request: ActorRequest, kind: str, number: int) -> HttpResponse:
    """Keep the chosen files with the record and show its panel anew."""
    subject = _subject(request, kind, number)
    error = ""
    try:
        uploads = request.FILES.getlist("file")
        if not uploads:
            raise Refusal(_("Choose a file first."), field="file")
        for upload in uploads:
            keep_file(upload, upload.name or "", by=request.actor, subject=subject)
    except Refusal as refused:
        if refused.status == 403:
            raise
        error = refused.message
        request.undo = True
    return render(request, "files/panel.html", files_panel(request, subject, error=error), status=422 if error else 200)


@member_page
def file_open(request: ActorRequest, pk: int) -> HttpResponseRedirect:
    """Lead to the second origin by an address signed for five minutes."""
    file = get_object_or_404(StoredFile.objects.visible_to(request.actor), pk=pk)
    response = HttpResponseRedirect(signed_address(file))
    response["Cache-Control"] = "no-store"
    return response


@member_page
@require_POST
def file_remove(request: ActorRequest, pk: int) -> HttpResponse:
    """Put the file into the bin and show the panel anew."""
    file = get_object_or_404(StoredFile.objects.visible_to(request.actor), pk=pk)
    remove_file(file, by=request.actor)
    if not file.subject_kind:
        return redirect("home")
    model = apps.get_model(file.subject_kind)
    subject = model._default_manager.get(pk=file.subject_id)
    return render(request, "files/panel.html", files_panel(request, subject))
