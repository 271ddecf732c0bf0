"""The board's doors: the page, further cards, a move, what is remembered."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dialogue.kit.doors import whole_number
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.lists.inputs import further_inputs, quick_inputs
from dialogue.selling.deals.actions import move_deal, remember_view
from dialogue.selling.deals.board import board_query, columns, figures, further, pipeline_of
from dialogue.selling.deals.forms import why_of
from dialogue.selling.deals.losses import reasons_in_use
from dialogue.selling.deals.models import BoardState, Deal, Stage
from dialogue.selling.deals.permissions import DealPermission


@member_page
@require_GET
def deal_board(request: MemberRequest) -> HttpResponseBase:
    """Show the board of a pipeline under the list's filter; for a change of filter only its columns."""
    asking = asking_of(request.actor, request.company)
    query = board_query(request.GET, asking)
    state = BoardState.objects.filter(user_id=int(request.actor.user or 0)).first()
    pipeline, pipelines = pipeline_of(request.GET.get("pipeline", ""), state.pipeline_id if state else None)
    stages = (
        [] if pipeline is None else list(Stage.objects.filter(pipeline=pipeline, archived_at=None).order_by("position", "id"))
    )
    context: dict[str, Any] = {
        "columns": columns(query.matching(), stages, asking),
        "pipeline": pipeline,
        "query": query,
        "address": query.address(),
        "may_write": request.actor.can(DealPermission.WRITE),
    }
    if request.headers.get("HX-Target") == "board":
        return render(request, "deals/board.html#columns", context)
    context |= {
        "pipelines": pipelines,
        "inputs": [one for one in quick_inputs(query) if one.name != "f.stage"],
        "further": further_inputs(query),
        "presets": query.page.presets,
        "preset": query.preset,
        "filtered": bool(query.conditions or query.text),
        "list_url": f"{reverse('deal_list')}?{query.address(pipeline=None)}",
        "remember": pipeline and (state is None or state.view != "board" or state.pipeline_id != pipeline.pk),
        "reasons": reasons_in_use(),
        "may_set": request.actor.can(DealPermission.PIPELINE),
    }
    return render(request, "deals/board.html", context)


@member_page
@require_GET
def deal_column(request: MemberRequest, stage: int) -> HttpResponseBase:
    """Return the next cards of a column."""
    asking = asking_of(request.actor, request.company)
    row = get_object_or_404(Stage.objects.in_use(), pk=stage)
    column = further(board_query(request.GET, asking).matching(), row, request.GET.get("from", ""), asking)
    context = {"column": column, "address": board_query(request.GET, asking).address()}
    return render(request, "deals/board.html#cards", context)


@member_page
@require_POST
def deal_move(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Move a card; answer with the new figures of the two columns, or with the refusal in words."""
    deal = get_object_or_404(Deal.objects.visible_to(request.actor), pk=pk)
    post = request.POST
    before = deal.stage_id
    try:
        stage = get_object_or_404(Stage.objects.in_use(), pk=whole_number(post.get("stage")) or 0)
        moved = move_deal(
            deal,
            stage,
            by=request.actor,
            above=whole_number(post.get("above")),
            below=whole_number(post.get("below")),
            **why_of(post),
            at_stage=whole_number(post.get("at_stage")),
        )
    except Refusal as refusal:
        if isinstance(refusal, NotPermitted):
            raise
        request.undo = True
        return JsonResponse(refusal.problem(), status=refusal.status)
    asking = asking_of(request.actor, request.company)
    stages = list(Stage.objects.filter(pk__in={before, moved.stage_id}))
    known = figures(board_query(QueryDict(post.get("query", "")), asking).matching(), stages)
    heads = [{"stage": key, "count": count, "sums": sums} for key, (count, sums) in known.items()]
    return JsonResponse({"columns": heads, "says": _("Moved to “%(stage)s”.") % {"stage": moved.stage.name}})


@member_page
@require_POST
def deal_remember(request: MemberRequest) -> HttpResponseBase:
    """Remember the way a member looks at deals; the list's button comes from the board by this."""
    view = request.POST.get("view", "list")
    remember_view(view, by=request.actor, pipeline=whole_number(request.POST.get("pipeline")))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect(f"{reverse('deal_list')}?{request.POST.get('query', '') or 'view=open'}")
