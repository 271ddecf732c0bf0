"""The settings page of pipelines and stages."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.selling.deals import losses, pipelines
from dialogue.selling.deals.models import LossReason, Pipeline, Stage, StageClass
from dialogue.selling.deals.permissions import DealPermission


@member_page
@require_GET
def deal_settings(request: MemberRequest) -> HttpResponseBase:
    """Show the pipelines with their stages."""
    if not request.actor.can(DealPermission.PIPELINE):
        raise NotPermitted(_("To change pipelines you must have the right to. Ask your administrator."))
    stages: dict[int, list[Stage]] = {}
    for stage in Stage.objects.in_use():
        stages.setdefault(stage.pipeline_id, []).append(stage)
    rows = [(pipeline, stages.get(pipeline.pk, [])) for pipeline in Pipeline.objects.in_use()]
    return render(
        request,
        "deals/settings.html",
        {"pipelines": rows, "classes": StageClass.choices, "reasons": LossReason.objects.in_use()},
    )


def _answer(request: MemberRequest, refusal: Refusal | None) -> HttpResponse:
    if isinstance(refusal, NotPermitted):
        raise refusal
    if refusal is not None:
        request.undo = True
        messages.error(request, refusal.message, extra_tags="bad")
    return redirect("deal_settings")


@member_page
@require_POST
def pipeline_verb(request: MemberRequest, verb: str, pk: int = 0) -> HttpResponseBase:
    """Add, rename or remove a pipeline."""
    post, by = request.POST, request.actor
    refused = None
    try:
        if verb == "add":
            pipelines.create_pipeline(post.get("name", ""), by=by)
        else:
            pipeline = get_object_or_404(Pipeline.objects.in_use(), pk=pk)
            if verb == "rename":
                pipelines.rename_pipeline(pipeline, post.get("name", ""), by=by)
            elif verb == "remove":
                pipelines.archive_pipeline(pipeline, by=by)
            elif verb == "stage":
                pipelines.add_stage(pipeline, post.get("name", ""), by=by, stage_class=post.get("stage_class", "open"))
            else:
                raise Http404
    except Refusal as refusal:
        refused = refusal
    return _answer(request, refused)


@member_page
@require_POST
def stage_verb(request: MemberRequest, verb: str, pk: int) -> HttpResponseBase:
    """Rename, move or remove a stage."""
    stage = get_object_or_404(Stage.objects.in_use(), pk=pk)
    refused = None
    try:
        if verb == "rename":
            pipelines.change_stage(stage, by=request.actor, name=request.POST.get("name", ""))
        elif verb in {"up", "down"}:
            pipelines.change_stage(stage, by=request.actor, position=stage.position + (1 if verb == "down" else -1))
        elif verb == "remove":
            pipelines.archive_stage(stage, by=request.actor)
        else:
            raise Http404
    except Refusal as refusal:
        refused = refusal
    return _answer(request, refused)


@member_page
@require_POST
def loss_reason_verb(request: MemberRequest, verb: str, pk: int = 0) -> HttpResponseBase:
    """Add, rename, move or remove a reason of losing."""
    name, by = request.POST.get("name", ""), request.actor
    refused = None
    try:
        if verb == "add":
            losses.add_loss_reason(name, by=by)
        else:
            reason = get_object_or_404(LossReason.objects.in_use(), pk=pk)
            if verb == "rename":
                losses.change_loss_reason(reason, by=by, name=name)
            elif verb in {"up", "down"}:
                losses.change_loss_reason(reason, by=by, position=reason.position + (1 if verb == "down" else -1))
            elif verb == "remove":
                losses.archive_loss_reason(reason, by=by)
            else:
                raise Http404
    except Refusal as refusal:
        refused = refusal
    return _answer(request, refused)
